// SPDX-License-Identifier: MIT
#include "fermata/machine/machine_executor.hpp"

#include <algorithm>
#include <utility>

namespace fermata::machine {

MachineExecutor::MachineExecutor(Machine& machine) : machine_(&machine) {
  machine.set_reset_handler([this] {
    if (observer_ != nullptr) {
      observer_->stopped({.now = machine_->now(), .reason = wire::StopReason::reset});
    }
  });
}

MachineExecutor::~MachineExecutor() { machine_->set_reset_handler({}); }

void MachineExecutor::leave(const wire::Leave& order) {
  left_ = order;
  machine_->leave();
}

void MachineExecutor::stop_here(time::Instant at, wire::StopReason reason) {
  if (!wanted_) {
    wanted_ = {.now = at, .reason = reason};
    machine_->leave();
  }
}

void MachineExecutor::tell(wire::Stop stop) {
  horizon_.reset();
  if (before_report_) {
    before_report_();
  }
  if (tells_next_event_ && machine_->is_idle()) {
    stop.next = {.is_idle = true, .timer = machine_->next_deadline()};
  }
  observer_->stopped(stop);
}

std::optional<Stop> MachineExecutor::work(std::uint64_t work_limit) {
  if (!is_running()) {
    return std::nullopt;
  }
  const RunLimits limits{.work = work_limit};
  const time::Instant next = std::min(*horizon_, observer_->milestone().value_or(*horizon_));
  const time::Instant horizon = std::max(next, machine_->now());  // it may stand within an instruction of it
  const Stop stop = run_ ? run_(horizon, limits) : machine_->run_until(horizon, limits);
  if (stop.reason == StopReason::powered_off) {
    wanted_.reset();
    tell({.now = stop.now, .reason = wire::StopReason::powered_off, .exit_status = stop.exit_status});
  } else if (wanted_) {
    tell(*std::exchange(wanted_, std::nullopt));
  } else if (stop.reason == StopReason::horizon && stop.now < *horizon_) {
    observer_->progressed(stop.now);
  } else if (stop.reason == StopReason::horizon) {
    tell({.now = stop.now, .reason = wire::StopReason::horizon});
  }
  return stop;
}

}  // namespace fermata::machine
