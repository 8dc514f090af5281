// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/notices.hpp"

#include <algorithm>

#include "guests/qemu/stock/raw_memory.hpp"

namespace fermata::qemu {
namespace {

constexpr std::size_t list_extent = 160;         // how much of a timer list is looked at
constexpr std::size_t accelerator_extent = 256;  // and of AccelOpsClass

Notices* installed = nullptr;  // QEMU's hooks carry no context

// Where `value` stands in a structure; `extent` if it does not.
template <typename Function>
std::size_t find_value(const void* base, std::size_t extent, Function value) {
  std::size_t offset = 0;
  while (offset < extent && load<Function>(base, offset) != value) {
    offset += sizeof(void*);
  }
  return offset;
}

}  // namespace

std::string Notices::install(Listener& listener, const SymbolLookup& lookup) {
  installed = this;
  listener_ = &listener;
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    vcpus_.push_back(cpu);
  }
  if (!listen_to_timers()) {
    return "its timer lists are not laid out as expected";
  }
  if (!listen_to_kicks(lookup)) {
    store<NotifyCallback>(list_, callback_offset_, qemu_.qemu_timer_notify_cb);
    return "its accelerator is not laid out as expected";
  }
  return {};
}

bool Notices::listen_to_timers() {
  if (qemu_.main_loop_tlg == nullptr || qemu_.qemu_timer_notify_cb == nullptr || qemu_.timerlist_notify == nullptr ||
      qemu_.timerlist_deadline_ns == nullptr || qemu_.qemu_in_vcpu_thread == nullptr) {
    return false;
  }
  list_ = qemu_.main_loop_tlg[virtual_clock];
  callback_offset_ = find_value(list_, list_extent, qemu_.qemu_timer_notify_cb);
  if (callback_offset_ >= list_extent) {
    return false;
  }
  store<NotifyCallback>(list_, callback_offset_, [](void* opaque, int clock) { installed->notified(opaque, clock); });
  is_proving_ = true;
  qemu_.timerlist_notify(list_);
  is_proving_ = false;
  if (!was_notified_) {
    store<NotifyCallback>(list_, callback_offset_, qemu_.qemu_timer_notify_cb);
  }
  return was_notified_;
}

// The second name is that of versions before 11.
bool Notices::listen_to_kicks(const SymbolLookup& lookup) {
  for (const char* name : {"tcg_kick_vcpu_thread", "mttcg_kick_vcpu_thread"}) {
    kick_ = kick_ != nullptr ? kick_ : reinterpret_cast<Kick>(lookup(name));
  }
  void* accelerator = qemu_.cpus_get_accel != nullptr ? qemu_.cpus_get_accel() : nullptr;
  if (kick_ == nullptr || accelerator == nullptr) {
    return false;
  }
  const std::size_t offset = find_value(accelerator, accelerator_extent, kick_);
  if (offset >= accelerator_extent) {
    return false;
  }
  store<Kick>(accelerator, offset, [](QemuCpu* cpu) { installed->kicked(cpu); });
  return true;
}

// Read before the deadline is asked for: the clock may go on in between, and earlier than due does no harm. QEMU's main
// thread is not told what a vCPU arms, as whoever listens has such timers run.
void Notices::notified(void* opaque, int clock) {
  if (is_proving_) {
    was_notified_ = true;
    return;
  }
  const time::Duration now = time::Duration::nanoseconds(qemu_.qemu_clock_get_ns(virtual_clock));
  const std::int64_t deadline_ns = qemu_.timerlist_deadline_ns(list_);
  if (deadline_ns >= 0) {
    listener_->armed(now + time::Duration::nanoseconds(deadline_ns));
  }
  if (!qemu_.qemu_in_vcpu_thread()) {
    qemu_.qemu_timer_notify_cb(opaque, clock);
  }
}

void Notices::kicked(QemuCpu* cpu) {
  const auto found = std::ranges::find(vcpus_, cpu);
  if (found != vcpus_.end()) {
    listener_->kicked(static_cast<int>(found - vcpus_.begin()));
  }
  kick_(cpu);
}

}  // namespace fermata::qemu
