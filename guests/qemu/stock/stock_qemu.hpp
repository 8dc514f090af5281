// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <string>

#include "guests/qemu/stock/io/clock_shift.hpp"
#include "guests/qemu/stock/qemu_host.hpp"
#include "guests/qemu/stock/quiet_clock.hpp"
#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// The QEMU that this code was loaded into, by the functions that it exports. One per process, made when the plugin is
/// installed and never destroyed: QEMU's threads may call into it until the process is gone.
class StockQemu final : public QemuHost {
 public:
  /// `symbols` has everything that is needed. Plugin installation time: accelerator exists, machine does not.
  explicit StockQemu(const Symbols& symbols);

  /// Starts to tell `listener`. Once, in the machine-init-done notifier: devices exist, no instruction has run.
  void connect(Listener& listener);

  // QemuHost
  [[nodiscard]] time::Duration clock() const override;
  [[nodiscard]] time::Duration instruction_length() const override;
  void arm_timer(time::Duration reading) override;
  void park_timer() override;
  void queue_work() override;
  void stay_busy() override;
  void run_other_work() override;
  void look_again() override;
  [[nodiscard]] bool are_vcpus_idle() override;
  [[nodiscard]] std::optional<time::Duration> next_timer() const override;
  [[nodiscard]] std::optional<time::Duration> next_machine_timer() const override;
  [[nodiscard]] bool has_panicked() const override { return has_panicked_; }
  [[nodiscard]] bool do_vcpus_take_turns() const override { return qemu_.qemu_get_cpu(1) != nullptr; }
  [[nodiscard]] bool is_lock_wanted() const override { return lock_waiters().load(std::memory_order_relaxed) > 0; }
  [[nodiscard]] bool is_vcpu_thread() const override;
  void let_time_pass(time::Duration span) override;
  void lock() override;
  void unlock() override;
  [[nodiscard]] bool has_lock() const override { return qemu_.bql_locked(); }
  [[nodiscard]] bool is_running() const override;
  [[nodiscard]] bool is_clock_enabled() const override;
  [[nodiscard]] bool is_ending() const override;
  [[nodiscard]] bool is_leaving() const override;
  void request_quit(bool is_fault) override;
  void pause() override;
  void tell_user(const std::string& line) override;

  /// Who hooks into QEMU's question whether its vCPUs are idle: not to act on ours.
  void set_quiet_clock(QuietClock& clock) { quiet_clock_ = &clock; }
  /// What moves the clock on within an instruction; needed for `let_time_pass`.
  void set_clock_shift(ClockShift& shift) { shift_ = &shift; }

 private:
  // Counts who waits for the lock in QEMU's own function, which is then called.
  static std::atomic<int>& lock_waiters();
  void count_lock_waiters();
  void listen_to_shutdown();
  [[nodiscard]] std::optional<time::Duration> reading_in(std::int64_t deadline_ns) const;
  void set_timer(std::int64_t reading_ns);
  void run_work();
  [[nodiscard]] std::string run_state_name(int state) const;

  Symbols qemu_;
  QemuTimerStorage timer_{};
  QemuCpu* first_cpu_ = nullptr;
  Listener* listener_ = nullptr;
  QuietClock* quiet_clock_ = nullptr;
  ClockShift* shift_ = nullptr;
  bool has_panicked_ = false;
  bool is_thread_prepared_ = false;
};

/// What its packager calls it, e.g. "Debian 1:10.0.13+ds-0+deb13u1"; empty if it does not tell.
[[nodiscard]] std::string query_package(const Symbols& symbols);

/// The version of the QEMU around us, e.g. {10, 0, 13}; zeros if it does not tell.
[[nodiscard]] QemuVersionTriple query_version(const Symbols& symbols);

}  // namespace fermata::qemu
