// SPDX-License-Identifier: MIT
#include "experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/time/units.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
namespace sim = fermata::sim;
namespace trace = fermata::trace;

// Booting takes some 4 s, switching off a few quanta.
constexpr Duration boot_limit = 120_s;
constexpr Duration switch_off_limit = 10_s;

void expect_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw base::Error(base::ErrorCode::not_found,
                      "the Linux guest is not there (no " + path +
                          "); build the target heated_room_guest, which fetches it, or name its folder with --guest");
  }
}

// See guest/README.md for the machine and the kernel's options.
host::Command guest_command(const Settings& settings, int plant_descriptor) {
  const std::string kernel = settings.guest_folder + "/vmlinuz";
  const std::string initramfs = settings.guest_folder + "/initramfs.cpio.gz";
  expect_file(kernel);
  expect_file(initramfs);
  const std::string console =
      settings.console_file.empty() ? "stdio,id=console,signal=on" : "file,id=console,path=" + settings.console_file;
  host::Command command = sim::qemu_command({
      settings.qemu,
      "-M",
      "pc",
      "-cpu",
      "qemu64",
      "-m",
      "128",  // the machine,
      "-display",
      "none",
      "-nodefaults",
      "-no-reboot",  //
      "-kernel",
      kernel,
      "-initrd",
      initramfs,  // its software,
      "-append",  //
      "console=ttyS0 quiet panic=-1 cryptomgr.notests tsc=reliable tsc_early_khz=1000000 hpet=disable pmtmr=0",
      "-icount",
      "shift=3,sleep=off",
      "-rtc",
      "base=2026-01-01,clock=vm",
      "-seed",
      "1",  // its time and luck,
      "-chardev",
      console,
      "-serial",
      "chardev:console",  // its console,
      "-chardev",
      fmt::format("socket,id=plant,fd={}", plant_descriptor),
      "-serial",
      "chardev:plant"  // and the plant
  });
  command.inherited_descriptors.push_back(plant_descriptor);
  return command;
}

}  // namespace

Experiment::Experiment(Settings settings, trace::Sink* trace_sink, Observer& observer)
    : settings_(std::move(settings)),
      trace_(trace_sink),
      observer_(observer),
      room_(settings_.seed),
      guest_(sim::Guest::launch(
          {.command = guest_command(settings_, serial_.guest_end()), .name = "the Linux guest", .trace = trace_sink})),
      outcome_(settings_.quantum) {
  serial_.close_guest_end();
}

Outcome Experiment::run() {
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant started = clock.now();
  boot();
  const host::HostInstant ready = clock.now();
  control();
  const host::HostInstant ended = clock.now();
  switch_off();
  outcome_.boot_cost = ready - started;
  outcome_.control_cost = ended - ready;
  return outcome_;
}

void Experiment::boot() {
  while (!is_ready_) {
    if (outcome_.simulator_time >= boot_limit) {
      fail("did not get ready");
    }
    advance_one_quantum();
    take_lines();
    observer_.on_booting(guest_.now());
  }
  outcome_.ready = guest_.now();
  observer_.on_ready(outcome_.ready);
}

void Experiment::control() {
  const Instant end = outcome_.ready + settings_.duration;
  Instant due = outcome_.ready;
  while (guest_.now() < end || asked_) {
    if (asked_ && guest_.now() - *asked_ >= settings_.period) {
      fail("left a temperature unanswered for a whole period");
    }
    if (guest_.now() >= due && guest_.now() < end) {
      send_temperature();
      due += settings_.period;
    }
    advance_one_quantum();
    take_lines();
  }
  outcome_.reports_sum = guest_.now().since_origin();
  outcome_.plant_time = room_.now().since_origin();
}

void Experiment::switch_off() {
  serial_.send("Q");
  try {
    for (Duration passed; passed < switch_off_limit; passed += settings_.quantum) {
      static_cast<void>(guest_.advance(settings_.quantum, settings_.limit));
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::peer_gone) {
      throw;
    }
    outcome_.guest_exit = guest_.close();
    return;
  }
  fail("did not switch off");
}

void Experiment::advance_one_quantum() {
  guest_.grant(settings_.quantum);
  room_.advance(settings_.quantum);
  const sim::Report report = guest_.wait(settings_.limit);
  outcome_.simulator_time += settings_.quantum;
  outcome_.greatest_overshoot = std::max(outcome_.greatest_overshoot, report.overshoot);
  ++outcome_.quanta;
}

void Experiment::send_temperature() {
  sent_mc_ = room_.read_thermometer_mc();
  serial_.send(fmt::format("T {}", sent_mc_));
  asked_ = guest_.now();
}

void Experiment::take_lines() {
  while (const auto line = serial_.receive()) {
    if (trace_ != nullptr) {
      trace_->write({.at = guest_.now(), .kind = trace::RecordKind::output, .text = "plant " + trace::escape(*line)});
    }
    if (!is_ready_ && *line == "R") {
      is_ready_ = true;
    } else {
      take_answer(*line);
    }
  }
}

void Experiment::take_answer(const std::string& line) {
  const auto answer = parse_answer(line);
  if (!answer || !asked_) {
    fail("said '" + trace::escape(line) + "', which is no answer to a temperature,");
  }
  room_.set_heater(answer->is_heating);
  const ClockSample clock{.asked = *asked_, .answered = guest_.now(), .uptime = answer->uptime};
  asked_.reset();
  observer_.on_sample({.clock = clock,
                       .difference = outcome_.clock.add(clock),
                       .reports_sum = guest_.now().since_origin(),
                       .sent_mc = sent_mc_,
                       .room = room_.state(),
                       .outside_c = room_.outside_c(),
                       .is_heating = answer->is_heating});
}

void Experiment::fail(const std::string& what) const {
  throw base::Error(base::ErrorCode::protocol_violation,
                    fmt::format("the guest's controller {} by {} s of virtual time; see its console{}", what,
                                fermata::time::to_seconds_string(guest_.now()),
                                settings_.console_file.empty() ? "" : ", " + settings_.console_file));
}

}  // namespace heated_room
