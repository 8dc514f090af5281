// SPDX-License-Identifier: GPL-2.0-or-later
//
// What stock QEMU does under instruction counting when a timer on the virtual clock expires, and what is left out here:
//
//   busy guest   the vCPU thread, before it runs the timers, notifies the timer list of every AioContext. That wakes
//   the
//                main thread through an eventfd, which then fights for the big lock. Left out for lists without timers:
//                there is nothing to look at.
//   arming       a timer that is armed to be the next has the vCPU thread leave guest code, for it to count anew how
//   far
//                it may go. Left out where the agent arms its own in that thread: it is outside guest code.
//   idle guest   the vCPU thread wakes the main thread, which moves the clock on to the next timer and wakes the vCPU
//                thread. Left out: a hook that QEMU offers to accelerators, called for each halted vCPU when it asks
//                whether all are idle, moves the clock on in the vCPU thread, by the same function of QEMU's.
//
// The lists are found by walking from the main loop's, by an offset found by value (a known callback), and each is
// proved by having QEMU notify us through it. The slot of the hook is recognised by its neighbour. Both only in
// versions of QEMU that were tested.
#include "guests/qemu/stock/quiet_clock.hpp"

#include <algorithm>
#include <array>

#include "guests/qemu/stock/doctor.hpp"
#include "guests/qemu/stock/raw_memory.hpp"
#include "guests/qemu/stock/stock_qemu.hpp"

namespace fermata::qemu {
namespace {

constexpr std::size_t list_extent = 160;  // how much of a timer list is looked at
constexpr std::size_t links_before_callback =
    16;  // the list's links, next and previous, stand right before the callback
constexpr int most_lists = 64;
constexpr int most_quanta_at_once = 256;
constexpr int not_external = ~1;  // all but QEMU_TIMER_ATTR_EXTERNAL: such timers do not move an idle clock
// Where AccelOpsClass has cpu_thread_is_idle in 7.2, 10.0 and 11.1.
constexpr std::array<std::size_t, 3> idle_slot_offsets = {128, 136, 144};

QuietClock* installed = nullptr;  // QEMU's hooks carry no context

}  // namespace

std::string QuietClock::install() {
  if (qemu_.qemu_in_vcpu_thread == nullptr || qemu_.timerlist_has_timers == nullptr ||
      qemu_.timerlist_notify == nullptr || qemu_.qemu_timer_notify_cb == nullptr || qemu_.main_loop_tlg == nullptr ||
      qemu_.icount_start_warp_timer == nullptr || qemu_.cpus_get_accel == nullptr) {
    return "functions of its timer lists are not exported";
  }
  if (!is_tested_version(query_version(qemu_))) {
    return "its version was not tested";
  }
  installed = this;
  if (!filter_notifications()) {
    return "its timer lists are not laid out as expected";
  }
  return hook_idle() ? "" : "its accelerator's idle hook was not found";
}

bool QuietClock::filter_notifications() {
  void* main_list = qemu_.main_loop_tlg[virtual_clock];
  std::size_t offset = links_before_callback + sizeof(void*);
  while (offset < list_extent && load<NotifyCallback>(main_list, offset) != qemu_.qemu_timer_notify_cb) {
    offset += sizeof(void*);
  }
  if (offset >= list_extent) {
    return false;
  }
  callback_offset_ = offset;
  bool is_main_seen = false;
  visit_lists([&](void* list, void* opaque) {
    is_main_seen = is_main_seen || list == main_list;
    if (list == main_list || opaque != nullptr) {
      lists_.push_back({list, load<NotifyCallback>(list, offset), opaque});
    }
    return true;
  });
  if (is_main_seen && std::ranges::all_of(lists_, [this](const auto& l) { return is_notified_through_us(l.list); })) {
    return true;
  }
  for (const FilteredList& filtered : lists_) {
    store(filtered.list, offset, filtered.original);
  }
  return false;
}

// The lists of the virtual clock as they are now, until `visit` says no: a list starts with its clock, and the clock
// with its first list.
template <typename Visit>
void QuietClock::visit_lists(Visit visit) const {
  auto* list = load<void*>(load<void*>(qemu_.main_loop_tlg[virtual_clock], 0), 0);
  for (int i = 0; list != nullptr && i < most_lists; ++i) {
    if (!visit(list, load<void*>(list, callback_offset_ + sizeof(void*)))) {
      return;
    }
    list = load<void*>(list, callback_offset_ - links_before_callback);
  }
}

bool QuietClock::is_notified_through_us(void* list) {
  store<NotifyCallback>(list, callback_offset_, [](void* opaque, int clock) { installed->notify(opaque, clock); });
  is_proving_ = true;
  was_notified_ = false;
  qemu_.timerlist_notify(list);
  is_proving_ = false;
  return was_notified_;
}

// Any thread.
void QuietClock::notify(void* opaque, int clock) {
  if (is_proving_) {
    was_notified_ = true;
    return;
  }
  const auto filtered = std::ranges::find(lists_, opaque, &FilteredList::opaque);
  if (opaque == nullptr) {  // the main loop's, which no context has
    if (clock != virtual_clock || !is_silent_) {
      filtered->original(opaque, clock);
    }
  } else if (filtered != lists_.end() && (clock != virtual_clock || qemu_.timerlist_has_timers(filtered->list))) {
    filtered->original(opaque, clock);
  }
}

bool QuietClock::hook_idle() {
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    last_cpu_ = cpu;
  }
  void* accelerator = qemu_.cpus_get_accel();
  for (const std::size_t offset : idle_slot_offsets) {
    const bool is_after_kick =
        qemu_.rr_kick_vcpu_thread != nullptr &&
        load<void (*)(QemuCpu*)>(accelerator, offset - sizeof(void*)) == qemu_.rr_kick_vcpu_thread;
    if (is_after_kick && load<void*>(accelerator, offset) == nullptr) {
      store<bool (*)(QemuCpu*)>(accelerator, offset, [](QemuCpu* cpu) { return installed->is_idle(cpu); });
      return true;
    }
  }
  return false;
}

// QEMU asks whether the halted vCPU `cpu` counts as idle, in the order of the vCPUs and up to the first that does not:
// at the last one all the others do.
bool QuietClock::is_idle(const QemuCpu* cpu) {
  if (is_probing_) {
    was_asked_ = true;
    return false;
  }
  if (is_warping_ || is_paused_ || cpu != last_cpu_) {
    return true;
  }
  if (qemu_.qemu_reset_requested_get() != 0 || qemu_.qemu_shutdown_requested_get() != 0) {
    return qemu_.qemu_in_vcpu_thread();  // it sleeps until that is carried out, and nobody moves the clock meanwhile
  }
  if (!qemu_.qemu_in_vcpu_thread()) {
    return is_parked_;  // else the main thread would move the clock, too
  }
  is_parked_ = is_idle_in_vcpu_thread();
  return is_parked_;
}

// Moves the clock on to the next timer and lets the vCPU thread go round to run it. True where stock QEMU's way is
// needed.
bool QuietClock::is_idle_in_vcpu_thread() {
  if (!is_probed_) {
    is_probed_ = true;
    does_arming_ask_ = does_arming_ask();
  }
  const std::int64_t deadline_ns = qemu_.qemu_clock_deadline_ns_all(virtual_clock, not_external);
  if (deadline_ns < 0 || has_foreign_timers()) {
    return true;  // nothing to move on to, or a thread of its own has to be woken for it
  }
  if (deadline_ns == 0) {
    return false;
  }
  if (!does_arming_ask_) {
    warp();
    run_on_while_idle();
  } else if (!is_warp_queued_) {
    // We may be inside the arming of a timer, where a warp would call us again: let it come after.
    is_warp_queued_ = true;
    qemu_.async_run_on_cpu(
        last_cpu_,
        [](QemuCpu*, std::uint64_t) {
          installed->is_warp_queued_ = false;
          if (installed->qemu_.runstate_is_running() && !installed->has_foreign_timers()) {
            installed->warp();
          }
        },
        0);
  }
  return false;
}

// Quanta of a guest that sleeps through them end and begin right here, without a round of QEMU's loop for each. A vCPU
// that was woken, or is wanted, is seen by asking QEMU again.
void QuietClock::run_on_while_idle() {
  if (qemu_.qemu_clock_run_timers == nullptr || qemu_.all_cpu_threads_idle == nullptr) {
    return;
  }
  for (int i = 0; i < most_quanta_at_once; ++i) {
    qemu_.qemu_clock_run_timers(virtual_clock);
    const Pause pause(*this);
    if (!qemu_.runstate_is_running() || !qemu_.all_cpu_threads_idle() || has_foreign_timers() ||
        qemu_.qemu_clock_deadline_ns_all(virtual_clock, not_external) <= 0) {
      return;
    }
    warp();
  }
}

// In QEMU 7.2 arming a timer moves an idle machine's clock by itself, and so asks.
bool QuietClock::does_arming_ask() {
  static QemuTimerStorage probe;
  qemu_.timer_init_full(
      &probe, nullptr, virtual_clock, 1, 0, [](void*) {}, nullptr);
  is_probing_ = true;
  was_asked_ = false;
  qemu_.timer_mod_ns(&probe, 0);
  qemu_.timer_del(&probe);
  is_probing_ = false;
  return was_asked_;
}

// QEMU's own: to the next timer, if all vCPUs are idle.
void QuietClock::warp() {
  is_warping_ = true;
  qemu_.icount_start_warp_timer();
  is_warping_ = false;
}

// Looks at the lists that there are: an I/O thread may have been added or removed since we began.
bool QuietClock::has_foreign_timers() const {
  bool has_timers = false;
  visit_lists([&](void* list, const void* opaque) {
    has_timers = list != qemu_.main_loop_tlg[virtual_clock] && opaque != nullptr && qemu_.timerlist_has_timers(list);
    return !has_timers;
  });
  return has_timers;
}

}  // namespace fermata::qemu
