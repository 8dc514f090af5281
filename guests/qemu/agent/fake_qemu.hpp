// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "guests/qemu/stock/qemu_host.hpp"

namespace fermata::qemu {

/// A QEMU reduced to what the agent sees: a big lock, one vCPU thread that executes instructions of 8 ns and runs
/// queued work between them, one timer on the virtual clock. It follows stock QEMU's rules where the agent depends on
/// them: work comes before instructions, a stop or reset waits until the vCPU thread has paused, a vCPU thread
/// that waits for its first start sleeps before it looks, and an idle machine whose vCPU does not count as busy has its
/// clock moved on to the next timer by the main thread.
///
/// The test's thread is the main thread.
class FakeQemu final : public QemuHost {
 public:
  static constexpr time::Duration instruction = time::Duration::nanoseconds(8);

  /// An idle machine executes nothing: its clock only moves by being warped to the timer.
  explicit FakeQemu(bool is_idle = false) : is_idle_(is_idle) {}
  ~FakeQemu() override { power_off(); }

  /// Starts the vCPU thread, machine stopped. The reading is what -loadvm would leave in the clock.
  void boot(Listener& listener, time::Duration reading = {});
  /// QMP cont.
  void start();
  /// QMP stop: returns when the vCPU has paused.
  void stop(const std::string& state = "paused");
  /// QMP system_reset: pauses the vCPU, without telling the agent, and goes on.
  void reset();
  /// Loads a snapshot whose clock shows `reading`, as HMP loadvm does.
  void load_snapshot(time::Duration reading);
  /// Has work done in the vCPU thread and waits for it, as a monitor command does (QEMU's run_on_cpu).
  void run_on_vcpu();
  /// The guest asks to be switched off; the main thread has not got to it yet.
  void ask_for_shutdown() { is_ending_requested_ = true; }
  /// Has a guest that is not idle do `io` in the instruction that ends at `reading`. Before it gets there.
  void at_instruction(time::Duration reading, std::function<void()> io) { io_[reading.ns()] = std::move(io); }
  /// Ends the vCPU thread.
  void power_off();

  [[nodiscard]] std::int64_t instructions() const { return instructions_.load(); }
  [[nodiscard]] bool was_asked_to_quit() const { return is_quitting_.load(); }
  [[nodiscard]] std::vector<std::string> told() {
    const std::lock_guard guard(told_mutex_);
    return told_;
  }

  // QemuHost
  [[nodiscard]] time::Duration clock() const override { return time::Duration::nanoseconds(clock_ns_.load()); }
  [[nodiscard]] time::Duration instruction_length() const override { return instruction; }
  void arm_timer(time::Duration reading) override { timer_ns_ = reading.ns(); }
  void park_timer() override { timer_ns_ = out_of_reach_ns; }
  void queue_work() override { work_queued_ = true; }
  void stay_busy() override { is_busy_ = true; }
  void run_other_work() override;
  void look_again() override;
  [[nodiscard]] bool are_vcpus_idle() override { return is_idle_; }
  [[nodiscard]] std::optional<time::Duration> next_timer() const override { return std::nullopt; }
  [[nodiscard]] std::optional<time::Duration> next_machine_timer() const override { return std::nullopt; }
  [[nodiscard]] bool has_panicked() const override { return false; }
  [[nodiscard]] bool do_vcpus_take_turns() const override { return false; }
  [[nodiscard]] bool is_lock_wanted() const override { return is_lock_wanted_.load(); }
  [[nodiscard]] bool is_vcpu_thread() const override { return std::this_thread::get_id() == vcpu_.get_id(); }
  void let_time_pass(time::Duration span) override { clock_ns_ += span.ns(); }
  [[nodiscard]] bool is_leaving() const override { return is_ending_requested_.load(); }
  void lock() override {
    lock_.lock();
    has_let_go_ = has_let_go_ && !is_vcpu_thread();
  }
  [[nodiscard]] bool has_lock() const override { return is_vcpu_thread() && !has_let_go_; }
  void unlock() override;
  [[nodiscard]] bool is_running() const override { return is_running_.load(); }
  [[nodiscard]] bool is_clock_enabled() const override { return is_clock_enabled_.load(); }
  [[nodiscard]] bool is_ending() const override { return is_ending_requested_.load(); }
  void request_quit(bool /*is_fault*/) override { is_quitting_ = true; }
  void pause() override { std::this_thread::yield(); }
  void tell_user(const std::string& line) override {
    const std::lock_guard guard(told_mutex_);
    told_.push_back(line);
  }

 private:
  static constexpr std::int64_t out_of_reach_ns = std::int64_t{1} << 61;

  void run_vcpu();
  void wait_for_first_start();
  void run_queued_work();
  void run_due_timer();
  void execute();
  void pause_vcpu(std::unique_lock<std::mutex>& guard);
  void resume_vcpu();

  bool is_idle_;
  std::mutex lock_;                  // QEMU's big lock; protects what is not atomic
  std::condition_variable changed_;  // the vCPU is to look again, or has paused
  Listener* listener_ = nullptr;
  std::thread vcpu_;
  bool pause_wanted_ = true;
  bool is_paused_ = true;
  bool is_ending_ = false;
  bool is_booted_ = false;
  bool work_queued_ = false;
  bool other_work_queued_ = false;
  std::vector<std::thread> wakers_;
  bool is_busy_ = false;
  bool has_let_go_ = false;  // the agent, of the lock, in the vCPU thread: its own
  std::int64_t timer_ns_ = out_of_reach_ns;
  std::map<std::int64_t, std::function<void()>> io_;  // what the guest is to do, by the clock's reading
  std::atomic<std::int64_t> clock_ns_{0};
  std::atomic<std::int64_t> instructions_{0};
  std::atomic<bool> is_lock_wanted_{false};
  std::atomic<bool> is_running_{false};
  std::atomic<bool> is_clock_enabled_{false};
  std::atomic<bool> is_quitting_{false};
  std::atomic<bool> is_ending_requested_{false};
  std::mutex told_mutex_;
  std::vector<std::string> told_;
};

}  // namespace fermata::qemu
