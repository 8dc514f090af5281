// SPDX-License-Identifier: MIT
#include "network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/time/units.hpp"
#include "linux_guest.hpp"

namespace ping {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
namespace machine = fermata::machine;
namespace sim = fermata::sim;
namespace wire = fermata::wire;
using fermata::time::to_string;
using End = EthernetLink::End;

constexpr unsigned shift = linux_guest::shift;  // of both guests
constexpr Duration instruction = 1_ns * (1 << shift);
constexpr std::uint64_t responder_ram = std::uint64_t{64} * 1024;
constexpr fermata::device::MacAddress responder_address{{2, 0, 0, 0, 0, 2}};

host::Command linux_command(const Settings& settings) {
  return linux_guest::command(
      {.qemu = settings.qemu,
       .kernel = settings.linux_folder + "/vmlinux",
       .initramfs = settings.linux_folder + "/initramfs.cpio.gz",
       .made_by = "ping_guest",
       .kernel_options = fmt::format("ipv6.disable=1 PING_ADDRESS=10.0.0.2 PING_COUNT={} PING_INTERVAL={}",
                                     settings.count, fermata::time::to_seconds_string(settings.interval)),
       .devices = {"-device", fmt::format("e1000,netdev={},mac=02:00:00:00:00:01,romfile=", linux_channel)}});
}

machine::Config responder_config(const Settings& settings) {
  machine::Config config;
  config.shift = shift;
  config.boot = machine::boot::plan_boot({.kernel = machine::boot::read_named(settings.responder)}, responder_ram, 1);
  config.networks = {responder_address};
  return config;
}

Duration quantum_of(const Settings& settings) {
  const Duration longest = longest_quantum(settings.link);
  if (longest <= Duration::zero()) {
    throw base::BadArgument(fmt::format("latency {}: an instruction, {}, or more: that is how exactly a guest stands",
                                        to_string(settings.link.latency), to_string(instruction)));
  }
  const Duration quantum = settings.quantum.value_or(longest);
  if (quantum <= Duration::zero() || quantum > longest) {
    throw base::BadArgument(
        fmt::format("quantum {}: more than none and at most {}, by which nothing can arrive in the "
                    "past over a link of {}",
                    to_string(quantum), to_string(longest), to_string(settings.link.latency)));
  }
  return quantum;
}

class Network {
 public:
  Network(const Settings& settings, const std::function<void(Instant, std::string_view)>& on_console)
      : settings_(settings),
        link_(settings.link),
        quantum_(quantum_of(settings)),
        machine_(responder_config(settings), {}, machine::Protocol::link) {
    outcome_.linux_recording = settings.output + "/linux.rec";
    outcome_.responder_recording = settings.output + "/responder.rec";
    responder_.emplace(
        sim::LinkGuest::attach(machine_.connect(), {.name = "the responder", .record = outcome_.responder_recording}));
    linux_.emplace(sim::LinkGuest::launch(linux_command(settings),
                                          {.name = "the Linux guest",
                                           .channels = {"serial=console", fmt::format("ethernet={}", linux_channel)},
                                           .record = outcome_.linux_recording}));
    linux_->serial("console").on_output([this, &on_console](Instant at, std::string_view text) {
      outcome_.console += text;
      outcome_.last_word = at;
      on_console(at, text);
    });
    join(End::first, linux_->ethernet(linux_channel));
    join(End::second, responder_->ethernet(responder_channel));
  }

  Outcome run() {
    const Instant last = Instant::at(settings_.boot_limit + settings_.interval * settings_.count);
    Instant horizon;
    while (!is_over_) {
      horizon += quantum_;
      if (horizon > last) {
        fail(fmt::format("the Linux guest has not switched itself off by {} s of virtual time",
                         fermata::time::to_seconds_string(last)));
      }
      advance(horizon);
    }
    outcome_.requests = link_.sent_by(End::first);
    outcome_.replies = link_.sent_by(End::second);
    linux_->close();
    responder_->close();
    return std::move(outcome_);
  }

 private:
  void join(End end, sim::EthernetChannel channel) {
    channel.on_output([this, end](Instant at, std::span<const std::byte> frame) { link_.send(end, at, frame); });
    link_.connect(end, [channel](Instant at, std::span<const std::byte> frame) mutable { channel.send(at, frame); });
  }

  // Linux runs in its own process, and meanwhile the responder in this one.
  void advance(Instant horizon) {
    linux_->grant(horizon);
    const wire::Stop stop = responder_->run_until(horizon, settings_.limit);
    if (wire::ends_the_guest(stop.reason)) {
      fail(fmt::format("the responder has ended ({}); its source is in examples/ping/firmware",
                       wire::to_string(stop.reason)));
    }
    wait_for_linux(horizon);
  }

  void wait_for_linux(Instant horizon) {
    wire::Stop stop = linux_->wait(settings_.limit);
    while (stop.reason == wire::StopReason::full) {
      linux_->grant(horizon);
      stop = linux_->wait(settings_.limit);
    }
    if (stop.reason == wire::StopReason::horizon) {
      return;
    }
    if (stop.reason != wire::StopReason::powered_off || stop.exit_status != 0) {
      fail(fmt::format("the Linux guest has stopped ({}, exit status {})", wire::to_string(stop.reason),
                       stop.exit_status));
    }
    is_over_ = true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    constexpr std::size_t most_shown = 300;
    const std::size_t skipped = outcome_.console.size() - std::min(outcome_.console.size(), most_shown);
    throw base::Error(base::ErrorCode::peer_gone,
                      what + "; what Linux printed last: " + outcome_.console.substr(skipped));
  }

  const Settings& settings_;
  EthernetLink link_;
  Duration quantum_;
  machine::InProcessGuest machine_;
  std::optional<sim::LinkGuest> responder_;
  std::optional<sim::LinkGuest> linux_;
  Outcome outcome_;
  bool is_over_ = false;
};

}  // namespace

Duration longest_quantum(const EthernetLink::Settings& link) { return link.latency - (instruction - 1_ns); }

Outcome run_network(const Settings& settings, const std::function<void(Instant, std::string_view)>& on_console) {
  return Network(settings, on_console).run();
}

}  // namespace ping
