// SPDX-License-Identifier: MIT
#include "experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "fermata/trace/record.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
namespace wire = fermata::wire;

// Booting takes Linux some 5 s, switching off some milliseconds.
constexpr Duration boot_limit = 120_s;
constexpr Duration switch_off_limit = 1_s;

}  // namespace

Experiment::Experiment(const Settings& settings, Controller& controller, Observer& observer)
    : settings_(settings),
      controller_(controller),
      observer_(observer),
      guest_(controller.guest()),
      line_(guest_.serial(controller.plant_channel()),
            [this](Instant at, const std::string& line) { take_line(at, line); }),
      room_(settings_.seed) {
  base::expects(settings_.quantum > Duration::zero() && settings_.period > Duration::zero(),
                "Experiment: quantum and period are positive");
}

Outcome Experiment::run() {
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant started = clock.now();
  host::HostInstant ready;
  host::HostInstant ended;
  try {
    boot();
    ready = clock.now();
    control();
    ended = clock.now();
    switch_off();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::peer_gone) {
      throw;
    }
    throw base::Error(error.code(), fmt::format("{}; {}", error.what(), controller_.where_to_look()));
  }
  outcome_.boot_cost = ready - started;
  outcome_.control_cost = ended - ready;
  return outcome_;
}

void Experiment::boot() {
  while (!is_ready_) {
    if (granted_.since_origin() >= boot_limit) {
      fail(granted_, "did not get ready");
    }
    advance_to(granted_ + settings_.period);
  }
}

void Experiment::control() {
  for (Duration done; done < settings_.duration; done += settings_.period) {
    send_temperature();
    advance_to(granted_ + settings_.period);
    if (asked_) {
      fail(granted_, "left a temperature unanswered for a whole period");
    }
  }
  outcome_.granted = granted_;
  outcome_.plant_time = room_.now().since_origin();
}

void Experiment::switch_off() {
  line_.send(granted_, "Q");
  // In one grant, for a stock QEMU tells the end only when the grant ends.
  const wire::Stop stop = run_guest_to(granted_ + switch_off_limit);
  if (stop.reason == wire::StopReason::powered_off) {
    outcome_.exit_status = stop.exit_status;
    guest_.close();
    return;
  }
  fail(granted_, "did not switch off");
}

void Experiment::advance_to(Instant end) {
  while (granted_ < end) {
    const wire::Stop stop = run_guest_to(std::min(granted_ + settings_.quantum, end));
    if (wire::ends_the_guest(stop.reason)) {
      fail(stop.now, fmt::format("ended its computer ({}, exit status {})", to_string(stop.reason), stop.exit_status));
    }
    let_room_live_to(granted_);
    outcome_.greatest_overshoot = std::max(outcome_.greatest_overshoot, stop.now - granted_);
    ++outcome_.grants;
    if (!is_ready_) {
      observer_.on_booting(granted_);
    }
  }
}

wire::Stop Experiment::run_guest_to(Instant horizon) {
  granted_ = horizon;
  return guest_.run_until(horizon, settings_.limit);
}

void Experiment::send_temperature() {
  sent_mc_ = room_.read_thermometer_mc();
  asked_ = line_.send(granted_, fmt::format("T {}", sent_mc_));
}

void Experiment::take_line(Instant at, const std::string& line) {
  let_room_live_to(at);
  if (is_ready_ || line != "R") {
    take_answer(at, line);
    return;
  }
  is_ready_ = true;
  outcome_.ready = at;
  observer_.on_ready(at);
}

void Experiment::take_answer(Instant at, const std::string& line) {
  const auto answer = parse_answer(line);
  if (!answer || !asked_) {
    fail(at, "said '" + fermata::trace::escape(line) + "', which is no answer to a temperature,");
  }
  room_.set_heater(answer->is_heating);
  const ClockSample clock{.asked = *asked_, .answered = at, .uptime = answer->uptime};
  asked_.reset();
  observer_.on_sample({.clock = clock,
                       .difference = outcome_.clock.add(clock),
                       .sent_mc = sent_mc_,
                       .room = room_.state(),
                       .outside_c = room_.outside_c(),
                       .is_heating = answer->is_heating});
}

// An output of a busy guest may lie beyond the horizon by less than an instruction, and the room be there already.
void Experiment::let_room_live_to(Instant end) {
  if (end > room_.now()) {
    room_.advance(end - room_.now());
  }
}

void Experiment::fail(Instant at, const std::string& what) const {
  throw base::Error(base::ErrorCode::protocol_violation,
                    fmt::format("the guest's controller {} by {} s of virtual time; {}", what,
                                fermata::time::to_seconds_string(at), controller_.where_to_look()));
}

}  // namespace heated_room
