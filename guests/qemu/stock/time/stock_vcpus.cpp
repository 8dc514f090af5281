// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/stock_vcpus.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"
#include "guests/qemu/stock/time/accelerator_events.hpp"

namespace fermata::qemu {
namespace {

// How much of QEMU's timers_state is looked at, in words: its tail differs between versions.
constexpr std::size_t state_extent = 16;
// Beyond the first number that no vCPU has: of machines whose vCPUs can be plugged, with empty places.
constexpr int furthest_gap = 1024;
// For vCPUs that another holds: one that takes longer waits where we do not see it, perhaps for the lock.
constexpr auto longest_way_to_lock = std::chrono::milliseconds(200);
constexpr auto next_way_to_lock = std::chrono::milliseconds(1);  // once that was in vain

// Executes nothing while another has the lock.
bool is_at_lock(LockWatch::Wait wait) {
  return wait != LockWatch::Wait::none && wait != LockWatch::Wait::for_other_vcpus;
}

}  // namespace

thread_local StockVcpus::Vcpu* StockVcpus::vcpu_of_this_thread = nullptr;

StockVcpus::StockVcpus(const Symbols& symbols, const TimeSymbols& time, host::HostDuration longest_catch)
    : qemu_(symbols), time_(time), lock_watch_(symbols, time), longest_catch_(longest_catch) {
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    vcpus_.push_back(std::make_unique<Vcpu>(cpu));
  }
  for (int i = count(); i < count() + furthest_gap; ++i) {
    has_gaps_ = has_gaps_ || qemu_.qemu_get_cpu(i) != nullptr;
  }
  if (time_.cpu_list_generation_id_get != nullptr) {
    cpu_list_ = time_.cpu_list_generation_id_get();
  }
}

// A vCPU's thread has no lock in guest code, and takes it as soon as it has left that.
StockVcpus::Vcpu::Vcpu(QemuCpu* which) : cpu(which) {
  at_lock.on_ask = [this] {
    if (is_watched.load(std::memory_order_relaxed)) {
      note_exit();
    }
  };
}

void StockVcpus::pause() {
  time_.pause_all_vcpus();
  let_go();
}

void StockVcpus::resume() {
  if (are_caught_) {
    let_go();
  } else {
    time_.resume_all_vcpus();
  }
}

// Others are kept from the lock first: none is to see vCPUs that are neither running nor paused.
bool StockVcpus::catch_at_lock() {
  if (!can_be_caught()) {
    return false;
  }
  lock_watch_.close();
  for (const auto& vcpu : vcpus_) {
    if (!is_at_lock(vcpu->at_lock.wait())) {
      time_.qemu_cpu_kick(vcpu->cpu);
    }
  }
  const auto all = [this](const auto& which) {
    return std::ranges::all_of(vcpus_, [&which](const auto& vcpu) { return which(vcpu->at_lock.wait()); });
  };
  const auto all_wait = [&all] { return all(is_at_lock); };
  are_caught_ = catching_.until(host::HostClock::monotonic(), all_wait, longest_catch_) &&
                all([](LockWatch::Wait wait) { return wait == LockWatch::Wait::between_instructions; });
  if (!are_caught_) {
    lock_watch_.open();
  }
  return are_caught_;
}

// Not while QEMU's main thread waits for one of them, nor once it has the machine stop; and vCPUs that were plugged in
// or out are not those whom we know.
bool StockVcpus::can_be_caught() const {
  return lock_watch_.sees_all() && time_.qemu_cpu_kick != nullptr && time_.cpu_list_generation_id_get != nullptr &&
         time_.cpu_list_generation_id_get() == cpu_list_ && qemu_.runstate_is_running() &&
         lock_watch_.sleepers() == 0 && !has_gaps_ &&
         std::ranges::all_of(vcpus_, [](const auto& vcpu) { return vcpu->has_clock.load(); });
}

// Each is told, also one that waits: it may have been woken this moment, and goes no further than to the lock then.
bool StockVcpus::hold_others() {
  if (time_.cpu_list_generation_id_get() != cpu_list_ || vcpu_of_this_thread == nullptr) {
    return false;
  }
  lock_watch_.keep_vcpus_out();
  const auto is_other = [](const auto& vcpu) { return vcpu.get() != vcpu_of_this_thread; };
  for (const auto& vcpu : vcpus_) {
    if (is_other(vcpu)) {
      time_.qemu_cpu_kick(vcpu->cpu);
    }
  }
  const auto stands = [&is_other](const auto& vcpu) {
    return !is_other(vcpu) || vcpu->at_lock.wait() != LockWatch::Wait::none;
  };
  const host::Deadline deadline(host::HostClock::monotonic(),
                                has_failed_to_hold_ ? next_way_to_lock : longest_way_to_lock);
  while (!std::ranges::all_of(vcpus_, stands)) {
    if (deadline.has_passed()) {
      lock_watch_.let_vcpus_in();
      has_failed_to_hold_ = true;
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

// Nobody else sees it. Whether it was off shows in that its lists of timers are told.
void StockVcpus::with_clock_on(const std::function<void()>& use) {
  bool was_off = false;
  turned_on_ = &was_off;
  time_.qemu_clock_enable(virtual_clock, true);
  turned_on_ = nullptr;
  use();
  if (was_off) {
    time_.qemu_clock_enable(virtual_clock, false);
  }
}

void StockVcpus::let_go() {
  if (std::exchange(are_caught_, false)) {
    lock_watch_.open();
  }
}

void StockVcpus::Vcpu::note_exit() {
  is_watched = false;
  at_exit_ns = clock->used().count();
}

void StockVcpus::watch_exits() {
  for (const auto& vcpu : vcpus_) {
    vcpu->at_exit_ns = unknown;
    vcpu->is_watched = vcpu->has_clock.load(std::memory_order_acquire);
  }
}

host::HostDuration StockVcpus::cpu_time_at_exit(int vcpu) const {
  const auto noted_ns = vcpus_[static_cast<std::size_t>(vcpu)]->at_exit_ns.load();
  return noted_ns != unknown ? host::HostDuration(noted_ns) : cpu_time(vcpu);
}

// QEMU turns the clock on before it lets the first vCPU go, and notifies each list of timers on it of that: also ours,
// which has none.
void StockVcpus::listen(Listener& listener) {
  bool was_told = false;
  let_go_ = [&was_told] { was_told = true; };
  time_.timerlist_new(
      virtual_clock, [](void* opaque, int /*clock*/) { static_cast<StockVcpus*>(opaque)->let_go_(); }, this);
  time_.qemu_clock_enable(virtual_clock, false);
  time_.qemu_clock_enable(virtual_clock, true);
  if (!was_told) {
    throw base::Error(base::ErrorCode::unsupported, "this QEMU does not tell when its vCPUs go on");
  }
  let_go_ = [this, &listener] {
    if (turned_on_ != nullptr) {
      *turned_on_ = true;
      return;
    }
    is_reset_asked_ = qemu_.qemu_reset_requested_get() != 0;
    for (const auto& vcpu : vcpus_) {
      vcpu->is_barred = false;
    }
    listener.vcpus_let_go();
  };
  listen_to_accelerator(listener);
}

// A reset is asked for in the thread of whoever does so. The main thread carries it out some time later: it forgets
// that it was asked for, has the vCPUs stand, and under KVM waits for their threads, without the lock, before it tells
// anybody. It asks the accelerator again at the end of each reset, also of a stopped machine's; so the vCPUs' going on
// is what ends it.
void StockVcpus::listen_to_accelerator(Listener& listener) {
  const auto loaded = [this, &listener] {
    if (!qemu_.runstate_is_running()) {  // else a vCPU has been plugged in
      lead_ns_ = 0;
      listener.state_loaded();
    }
  };
  const std::string failure = AcceleratorEvents::install(
      qemu_, time_, {.reset_asked = [this] { is_reset_asked_ = true; }, .state_loaded = loaded});
  if (!failure.empty()) {
    throw base::Error(base::ErrorCode::unsupported, failure);
  }
}

bool StockVcpus::is_reset_due() const { return is_reset_asked_ || qemu_.qemu_reset_requested_get() != 0; }

// Also tells who the vCPU's thread is: QEMU runs queued work in it.
void StockVcpus::bar(const std::function<void()>& wait) {
  for (const auto& vcpu : vcpus_) {
    vcpu->wait = wait;
    vcpu->is_barred = true;
    qemu_.async_run_on_cpu(
        vcpu->cpu,
        [](QemuCpu* /*cpu*/, std::uint64_t opaque) {
          auto* self = reinterpret_cast<Vcpu*>(opaque);
          self->find_clock();
          self->is_to_stand = false;
          self->wait();
          if (!self->is_to_stand) {
            self->is_barred = false;
          }
        },
        reinterpret_cast<std::uint64_t>(vcpu.get()));
  }
}

void StockVcpus::stop_this() {
  time_.cpu_stop_current();
  if (vcpu_of_this_thread != nullptr) {
    vcpu_of_this_thread->is_to_stand = true;
  }
}

void StockVcpus::Vcpu::find_clock() {
  if (has_clock.load()) {
    return;
  }
  try {
    clock = host::ThreadClock::of_this_thread();
    vcpu_of_this_thread = this;
    LockWatch::attach(at_lock);
    has_clock = true;
  } catch (const base::Error&) {  // its time counts as none, then
  }
}

host::HostDuration StockVcpus::cpu_time(int vcpu) const {
  const Vcpu& which = *vcpus_[static_cast<std::size_t>(vcpu)];
  return which.has_clock.load(std::memory_order_acquire) ? which.clock->used() : host::HostDuration{};
}

time::Duration StockVcpus::running_clock() const {
  return time::Duration::nanoseconds(time_.cpu_get_clock() - lead_ns_);
}

bool StockVcpus::set_running_clock(time::Duration reading) {
  const bool is_set = set_clock_word(reading.ns());
  lead_ns_ = time_.cpu_get_clock() - reading.ns();
  return is_set;
}

bool StockVcpus::set_clock_word(std::int64_t reading_ns) {
  if (clock_offset_ == nullptr) {
    clock_offset_ = find_clock_offset();
  }
  const std::int64_t before = time_.cpu_get_clock();
  if (before == reading_ns) {
    return true;
  }
  if (clock_offset_ == nullptr || *clock_offset_ != before) {
    return false;
  }
  *clock_offset_ = reading_ns;
  if (time_.cpu_get_clock() == reading_ns) {
    return true;
  }
  *clock_offset_ = before;
  clock_offset_ = nullptr;
  return false;
}

// While the machine is stopped QEMU's clock shows what the word holds; whether it is the word is proved by setting it.
std::int64_t* StockVcpus::find_clock_offset() const {
  const std::int64_t reading = time_.cpu_get_clock();
  std::int64_t* found = nullptr;
  for (std::size_t i = 0; i < state_extent; ++i) {
    if (time_.timers_state[i] == reading) {
      if (found != nullptr) {
        return nullptr;  // not to be told apart at this reading
      }
      found = &time_.timers_state[i];
    }
  }
  return found;
}

}  // namespace fermata::qemu
