// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fermata/host/adaptive_spin.hpp"
#include "guests/qemu/stock/symbols.hpp"
#include "guests/qemu/stock/time/lock_watch.hpp"
#include "guests/qemu/stock/time/symbols.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Those of the QEMU around us. One per process, never destroyed.
class StockVcpus final : public Vcpus {
 public:
  /// For how long vCPUs are waited for that are to be caught. One that is told takes a few microseconds to leave guest
  /// code.
  static constexpr host::HostDuration usual_longest_catch = std::chrono::microseconds(100);

  /// At machine-init-done, lock held: `symbols` and `time` have all that is needed.
  StockVcpus(const Symbols& symbols, const TimeSymbols& time, host::HostDuration longest_catch = usual_longest_catch);

  // Vcpus
  void pause() override;
  bool catch_at_lock() override;
  [[nodiscard]] bool are_caught() const override { return are_caught_; }
  [[nodiscard]] bool can_hold_others() const override {
    return lock_watch_.can_keep_vcpus_out() && time_.qemu_cpu_kick != nullptr &&
           time_.cpu_list_generation_id_get != nullptr && !has_gaps_;
  }
  bool hold_others() override;
  void let_others_go() override { lock_watch_.let_vcpus_in(); }
  [[nodiscard]] int others_held() const override { return lock_watch_.vcpus_out(); }
  void with_clock_on(const std::function<void()>& use) override;
  void this_waits() override { LockWatch::wait_here(); }
  void resume() override;
  void run_timers() override { time_.qemu_clock_run_timers(virtual_clock); }
  void listen(Listener& listener) override;
  [[nodiscard]] bool is_reset_due() const override;
  void stop_this() override;
  void turn_clock_off() override { time_.qemu_clock_enable(virtual_clock, false); }
  void bar(const std::function<void()>& wait) override;
  [[nodiscard]] bool is_barred(int vcpu) const override {
    return vcpus_[static_cast<std::size_t>(vcpu)]->is_barred.load();
  }
  [[nodiscard]] time::Duration running_clock() const override;
  bool set_running_clock(time::Duration reading) override;
  [[nodiscard]] int count() const override { return static_cast<int>(vcpus_.size()); }
  [[nodiscard]] host::HostDuration cpu_time(int vcpu) const override;
  void watch_exits() override;
  [[nodiscard]] host::HostDuration cpu_time_at_exit(int vcpu) const override;

 private:
  static constexpr host::HostDuration::rep unknown = -1;

  struct Vcpu {
    QemuCpu* cpu;
    std::function<void()> wait{};
    std::atomic<bool> is_barred{false};
    bool is_to_stand = false;                  // of its thread: the call of `bar` said so
    std::optional<host::ThreadClock> clock{};  // valid once has_clock is true
    std::atomic<bool> has_clock{false};
    std::atomic<bool> is_watched{false};
    std::atomic<host::HostDuration::rep> at_exit_ns{unknown};
    LockWatch::Thread at_lock{};

    explicit Vcpu(QemuCpu* which);
    void find_clock();
    void note_exit();
  };

  void listen_to_accelerator(Listener& listener);
  [[nodiscard]] bool set_clock_word(std::int64_t reading_ns);
  [[nodiscard]] std::int64_t* find_clock_offset() const;
  [[nodiscard]] bool can_be_caught() const;
  void let_go();

  static thread_local Vcpu* vcpu_of_this_thread;

  Symbols qemu_;
  TimeSymbols time_;
  bool has_gaps_ = false;  // there are others
  unsigned cpu_list_ = 0;  // which generation of QEMU's list they are
  LockWatch lock_watch_;
  std::vector<std::unique_ptr<Vcpu>> vcpus_;
  host::AdaptiveSpin catching_;
  host::HostDuration longest_catch_;
  bool are_caught_ = false;
  bool has_failed_to_hold_ = false;
  std::function<void()> let_go_;
  bool* turned_on_ = nullptr;  // while we turn the clock on for a moment
  std::atomic<bool> is_reset_asked_{false};
  std::atomic<std::int64_t> lead_ns_{0};  // of QEMU's clock, where it cannot be set
  std::int64_t* clock_offset_ = nullptr;
};

}  // namespace fermata::qemu
