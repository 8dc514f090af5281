// SPDX-License-Identifier: MIT
#include "experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
namespace sim = fermata::sim;
namespace trace = fermata::trace;

// Booting takes Linux some 5 s, switching off a few quanta.
constexpr Duration boot_limit = 120_s;
constexpr Duration switch_off_limit = 10_s;

}  // namespace

Experiment::Experiment(const Settings& settings, ControllerGuest& guest, trace::Sink* trace_sink, Observer& observer)
    : settings_(settings),
      trace_(trace_sink),
      observer_(observer),
      guest_(guest),
      handle_(guest.handle()),
      room_(settings_.seed),
      outcome_(settings_.quantum) {}

Outcome Experiment::run() {
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant started = clock.now();
  host::HostInstant ready;
  try {
    boot();
    ready = clock.now();
    control();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::peer_gone) {
      throw;
    }
    throw base::Error(error.code(), fmt::format("{}; {}", error.what(), guest_.where_to_look()));
  }
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
    observer_.on_booting(handle_.now());
  }
  outcome_.ready = handle_.now();
  observer_.on_ready(outcome_.ready);
}

void Experiment::control() {
  const Instant end = outcome_.ready + settings_.duration;
  Instant due = outcome_.ready;
  while (handle_.now() < end || asked_) {
    if (asked_ && handle_.now() - *asked_ >= settings_.period) {
      fail("left a temperature unanswered for a whole period");
    }
    if (handle_.now() >= due && handle_.now() < end) {
      send_temperature();
      due += settings_.period;
    }
    advance_one_quantum();
    take_lines();
  }
  outcome_.reports_sum = handle_.now().since_origin();
  outcome_.plant_time = room_.now().since_origin();
}

void Experiment::switch_off() {
  guest_.send("Q");
  try {
    for (Duration passed; passed < switch_off_limit; passed += settings_.quantum) {
      static_cast<void>(handle_.advance(settings_.quantum, settings_.limit));
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
  handle_.grant(settings_.quantum);
  room_.advance(settings_.quantum);
  const sim::Report report = handle_.wait(settings_.limit);
  outcome_.simulator_time += settings_.quantum;
  outcome_.greatest_overshoot = std::max(outcome_.greatest_overshoot, report.overshoot);
  ++outcome_.quanta;
}

void Experiment::send_temperature() {
  sent_mc_ = room_.read_thermometer_mc();
  guest_.send(fmt::format("T {}", sent_mc_));
  asked_ = handle_.now();
}

void Experiment::take_lines() {
  while (const auto line = guest_.receive()) {
    if (trace_ != nullptr) {
      trace_->write({.at = handle_.now(), .kind = trace::RecordKind::output, .text = "plant " + trace::escape(*line)});
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
  const ClockSample clock{.asked = *asked_, .answered = handle_.now(), .uptime = answer->uptime};
  asked_.reset();
  observer_.on_sample({.clock = clock,
                       .difference = outcome_.clock.add(clock),
                       .reports_sum = handle_.now().since_origin(),
                       .sent_mc = sent_mc_,
                       .room = room_.state(),
                       .outside_c = room_.outside_c(),
                       .is_heating = answer->is_heating});
}

void Experiment::fail(const std::string& what) const {
  throw base::Error(base::ErrorCode::protocol_violation,
                    fmt::format("the guest's controller {} by {} s of virtual time; {}", what,
                                fermata::time::to_seconds_string(handle_.now()), guest_.where_to_look()));
}

}  // namespace heated_room
