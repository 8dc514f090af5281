// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/stock_qemu.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/host/quiet_thread.hpp"
#include "guests/qemu/stock/rcu_kicks.hpp"

namespace fermata::qemu {
namespace {

// Far beyond any deadline, and far from overflowing what QEMU adds to it.
constexpr std::int64_t out_of_reach_ns = std::int64_t{1} << 61;

void do_nothing(QemuCpu* /*cpu*/, std::uint64_t /*data*/) {}

}  // namespace

StockQemu::StockQemu(const Symbols& symbols) : qemu_(symbols) {
  qemu_.timer_init_full(
      &timer_, nullptr, virtual_clock, 1, 0,
      [](void* self) { static_cast<StockQemu*>(self)->listener_->timer_expired(); }, this);
}

std::atomic<int>& StockQemu::lock_waiters() {
  static std::atomic<int> waiters{0};
  return waiters;
}

namespace {

LockFunction original_lock = nullptr;  // QEMU's hook carries no context
bool (*in_vcpu_thread)() = nullptr;

}  // namespace

void StockQemu::count_lock_waiters() {
  if (qemu_.bql_mutex_lock_func == nullptr || qemu_.qemu_in_vcpu_thread == nullptr) {
    return;  // who waits is let in now and then: see IcountExecutor
  }
  original_lock = *qemu_.bql_mutex_lock_func;
  in_vcpu_thread = qemu_.qemu_in_vcpu_thread;
  const LockFunction counting = [](void* mutex, const char* file, int line) {
    const bool counts = !in_vcpu_thread();
    if (counts) {
      lock_waiters().fetch_add(1);
    }
    original_lock(mutex, file, line);
    if (counts) {
      lock_waiters().fetch_sub(1);
    }
  };
  std::atomic_ref<LockFunction>(*qemu_.bql_mutex_lock_func).store(counting);
}

void StockQemu::connect(Listener& listener) {
  listener_ = &listener;
  count_lock_waiters();
  listen_to_shutdown();
  first_cpu_ = qemu_.qemu_get_cpu(0);
  park_timer();
  qemu_.qemu_add_vm_change_state_handler(
      [](void* opaque, bool is_running, int state) {
        auto* self = static_cast<StockQemu*>(opaque);
        if (is_running) {
          self->listener_->machine_started();
        } else {
          self->listener_->machine_stopped(self->run_state_name(state));
        }
      },
      this);
  if (qemu_.qemu_register_reset != nullptr) {
    qemu_.qemu_register_reset(
        [](void* self) {
          // Not at the start, nor within a snapshot's load.
          auto* stock = static_cast<StockQemu*>(self);
          const std::string state = stock->qemu_.runstate_get != nullptr
                                        ? stock->run_state_name(stock->qemu_.runstate_get())
                                    : stock->is_running() ? "running"
                                                          : "prelaunch";
          if (state != "prelaunch" && state != "restore-vm" && state != "inmigrate") {
            stock->listener_->machine_reset();
          }
        },
        this);
  }
}

// The notifier tells for which cause (ShutdownCause) the machine is shut down.
void StockQemu::listen_to_shutdown() {
  constexpr int guest_panic = 8;
  static StockQemu* stock = nullptr;
  static QemuNotifier notifier{};
  if (qemu_.qemu_register_shutdown_notifier != nullptr) {
    stock = this;
    notifier.notify = [](QemuNotifier*, void* cause) {
      stock->has_panicked_ = cause != nullptr && *static_cast<const int*>(cause) == guest_panic;
    };
    qemu_.qemu_register_shutdown_notifier(&notifier);
  }
}

time::Duration StockQemu::clock() const { return time::Duration::nanoseconds(qemu_.qemu_clock_get_ns(virtual_clock)); }

// Asked anew each time: under -icount auto QEMU changes it.
time::Duration StockQemu::instruction_length() const { return time::Duration::nanoseconds(qemu_.icount_to_ns(1)); }

void StockQemu::arm_timer(time::Duration reading) { set_timer(reading.ns()); }

void StockQemu::park_timer() { set_timer(out_of_reach_ns); }

void StockQemu::set_timer(std::int64_t reading_ns) {
  if (quiet_clock_ != nullptr && is_vcpu_thread()) {
    const QuietClock::Silence silence(*quiet_clock_);
    qemu_.timer_mod_ns(&timer_, reading_ns);
  } else {
    qemu_.timer_mod_ns(&timer_, reading_ns);
  }
}

void StockQemu::queue_work() {
  qemu_.async_run_on_cpu(
      first_cpu_, [](QemuCpu* /*cpu*/, std::uint64_t self) { reinterpret_cast<StockQemu*>(self)->run_work(); },
      reinterpret_cast<std::uint64_t>(this));
}

void StockQemu::run_work() {
  if (!std::exchange(is_thread_prepared_, true) && qemu_.qemu_get_cpu(1) != nullptr && !stop_rcu_kicks(qemu_)) {
    tell_user("note: this QEMU's vCPUs cannot be kept from taking turns at the host's pace; runs may differ");
  }
  listener_->run_work();
}

void StockQemu::stay_busy() { qemu_.async_run_on_cpu(first_cpu_, do_nothing, 0); }

// Also consumes what stay_busy() has queued.
void StockQemu::run_other_work() {
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    qemu_.process_queued_cpu_work(cpu);
  }
  stay_busy();
}

// The lock is to be had by another thread only once the vCPU thread waits for its condition, which queued work signals.
void StockQemu::look_again() {
  host::start_quiet_thread("wakes the vCPU thread", [this] {
    lock();
    qemu_.async_run_on_cpu(first_cpu_, do_nothing, 0);
    unlock();
  }).detach();
}

bool StockQemu::are_vcpus_idle() {
  if (qemu_.all_cpu_threads_idle == nullptr) {
    return false;
  }
  if (quiet_clock_ == nullptr) {
    return qemu_.all_cpu_threads_idle();
  }
  const QuietClock::Pause pause(*quiet_clock_);
  return qemu_.all_cpu_threads_idle();
}

std::optional<time::Duration> StockQemu::next_timer() const {
  return reading_in(qemu_.qemu_clock_deadline_ns_all(virtual_clock, any_timer));
}

// Of a deadline as QEMU tells it: negative for none. Ours is parked.
std::optional<time::Duration> StockQemu::reading_in(std::int64_t deadline_ns) const {
  const bool has_timer = deadline_ns >= 0 && deadline_ns < out_of_reach_ns / 2;
  return has_timer ? std::optional(clock() + time::Duration::nanoseconds(deadline_ns)) : std::nullopt;
}

std::optional<time::Duration> StockQemu::next_machine_timer() const {
  if (qemu_.timerlist_deadline_ns == nullptr || qemu_.main_loop_tlg == nullptr) {
    return next_timer();
  }
  return reading_in(qemu_.timerlist_deadline_ns(qemu_.main_loop_tlg[virtual_clock]));
}

bool StockQemu::is_vcpu_thread() const { return qemu_.qemu_in_vcpu_thread == nullptr || qemu_.qemu_in_vcpu_thread(); }

void StockQemu::let_time_pass(time::Duration span) {
  base::expects(shift_ != nullptr, "StockQemu: what moves the clock has been set");
  shift_->advance(span);
  shift_->run_timers();
}

void StockQemu::lock() { qemu_.bql_lock("fermata", 0); }

void StockQemu::unlock() { qemu_.bql_unlock(); }

bool StockQemu::is_running() const { return qemu_.runstate_is_running(); }

bool StockQemu::is_clock_enabled() const { return qemu_.qemu_clock_deadline_ns_all(virtual_clock, any_timer) >= 0; }

// Both are ShutdownCause, of which 0 is none.
bool StockQemu::is_ending() const {
  return qemu_.qemu_shutdown_requested_get() != 0 || qemu_.qemu_reset_requested_get() != 0;
}

bool StockQemu::is_leaving() const {
  if (qemu_.qemu_shutdown_requested_get() != 0) {
    return true;
  }
  return qemu_.runstate_get != nullptr && run_state_name(qemu_.runstate_get()) == "quit";
}

void StockQemu::request_quit(bool is_fault) {
  constexpr int host_qmp_quit = 2;  // ShutdownCause
  if (is_fault && qemu_.qemu_system_shutdown_request_with_code != nullptr) {
    qemu_.qemu_system_shutdown_request_with_code(host_qmp_quit, EXIT_FAILURE);
  }
  qemu_.qmp_quit(nullptr);
}

void StockQemu::pause() {
  constexpr timespec moment{.tv_sec = 0, .tv_nsec = 200'000};
  ::nanosleep(&moment, nullptr);
}

void StockQemu::tell_user(const std::string& line) { std::fprintf(stderr, "fermata: %s\n", line.c_str()); }

// QEMU says "shutdown" both for a machine that pauses there (-no-shutdown) and on its own way out; the second is "quit"
// here.
std::string StockQemu::run_state_name(int state) const {
  if (qemu_.qapi_enum_lookup == nullptr || qemu_.run_state_table == nullptr) {
    return "stopped";
  }
  std::string name = qemu_.qapi_enum_lookup(qemu_.run_state_table, state);
  constexpr int shutdown_action_pause = 1;
  if (name == "shutdown" && (qemu_.shutdown_action == nullptr || *qemu_.shutdown_action != shutdown_action_pause)) {
    return "quit";
  }
  return name;
}

namespace {

// QEMU's to free, twice in a process: not worth it.
const QemuVersionInfo* query_version_info(const Symbols& symbols) {
  return symbols.qmp_query_version != nullptr ? symbols.qmp_query_version(nullptr) : nullptr;
}

}  // namespace

QemuVersionTriple query_version(const Symbols& symbols) {
  const QemuVersionInfo* info = query_version_info(symbols);
  return info != nullptr && info->qemu != nullptr ? *info->qemu : QemuVersionTriple{};
}

std::string query_package(const Symbols& symbols) {
  const QemuVersionInfo* info = query_version_info(symbols);
  return info != nullptr && info->package != nullptr ? info->package : "";
}

}  // namespace fermata::qemu
