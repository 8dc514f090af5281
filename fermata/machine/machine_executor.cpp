// SPDX-License-Identifier: MIT
#include "fermata/machine/machine_executor.hpp"

namespace fermata::machine {

void MachineExecutor::leave(const wire::Leave& order) {
  left_ = order;
  machine_->leave();
}

std::optional<Stop> MachineExecutor::work(std::uint64_t work_limit) {
  if (!is_running()) {
    return std::nullopt;
  }
  const RunLimits limits{.work = work_limit};
  const Stop stop = run_ ? run_(*horizon_, limits) : machine_->run_until(*horizon_, limits);
  if (stop.reason == StopReason::horizon) {
    horizon_.reset();
    if (before_report_) {
      before_report_();
    }
    observer_->stopped({.now = stop.now, .reason = wire::StopReason::horizon});
  }
  return stop;
}

}  // namespace fermata::machine
