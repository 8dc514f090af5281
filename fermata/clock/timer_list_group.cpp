// SPDX-License-Identifier: MIT
#include "fermata/clock/timer_list_group.hpp"

#include <algorithm>

namespace fermata::clock {
namespace {

TimerList::Notify notify_of(const TimerListGroup::Notify& notify, ClockKind kind) {
  return notify ? [notify, kind] { notify(kind); } : TimerList::Notify();
}

}  // namespace

TimerListGroup::TimerListGroup(Clocks& clocks, const Notify& notify)
    : clocks_(&clocks),
      lists_{TimerList(clocks.at(ClockKind::realtime), notify_of(notify, ClockKind::realtime)),
             TimerList(clocks.at(ClockKind::virtual_time), notify_of(notify, ClockKind::virtual_time)),
             TimerList(clocks.at(ClockKind::host), notify_of(notify, ClockKind::host)),
             TimerList(clocks.at(ClockKind::virtual_rt), notify_of(notify, ClockKind::virtual_rt))} {}

std::optional<time::Duration> TimerListGroup::host_deadline() const {
  std::optional<time::Duration> soonest;
  for (const TimerList& list : lists_) {
    const ClockKind kind = list.clock().kind();
    if (kind == ClockKind::virtual_time && clocks_->virtual_time_kind() == VirtualTimeKind::instruction_driven) {
      continue;
    }
    auto deadline = list.deadline();
    if (!deadline || (*deadline > time::Duration::zero() && !clocks_->does_run_with_host(kind))) {
      continue;
    }
    if (kind == ClockKind::virtual_time) {
      deadline = clocks_->virtual_scale().source_span_of(*deadline);
    }
    soonest = soonest ? std::min(*soonest, *deadline) : *deadline;
  }
  return soonest;
}

bool TimerListGroup::run_due() {
  bool has_run = false;
  for (TimerList& list : lists_) {
    has_run = list.run_due() || has_run;
  }
  return has_run;
}

}  // namespace fermata::clock
