// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "guests/qemu/stock/qemu_host.hpp"
#include "guests/qemu/stock/time/vcpu_counters.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// A QEMU with a thread for each vCPU, reduced to what the agent sees: a big lock, vCPU threads that execute blocks of
/// instructions, one timer. It follows stock QEMU's rules where the agent depends on them: a wish to stop comes before
/// queued work and that before instructions, a vCPU that stands still does queued work, a start and a reset let the
/// vCPUs go unasked, with word of that where the clock was off before, and `resume` does nothing while the machine is
/// stopped, and a vCPU is caught that waits for the lock, which others then wait for, too. A reset is due from when it
/// is asked for until they are let go; a load is told while the machine is stopped.
///
/// With FERMATA_TEST_LATE_THREADS in the environment its threads are late at random, wherever another may be quicker.
///
/// The test's thread is the main thread. Members without a lock are set before `boot`, or are atomic.
class FakeMachine final : public QemuHost, public VcpuCounters {
 public:
  /// What QEMU's clock shows too much when the agent is told of a start. Before `boot`.
  time::Duration start_takes = time::Duration::nanoseconds(17);

  /// False where a clock cannot be set for snapshots. Before `boot`.
  bool can_save_clock = true;

  /// True where vCPUs can be caught at the lock. Before `boot`.
  bool can_be_caught = false;

  explicit FakeMachine(int vcpus);
  ~FakeMachine() override { power_off(); }

  /// Starts the threads, machine stopped. The reading is what -loadvm would leave in the clock.
  void boot(QemuHost::Listener* listener, time::Duration reading = {});
  /// QMP cont.
  void start();
  /// The same, with the lock dropped before the agent is told and before the vCPUs are let go, as under KVM: `between`
  /// is called at both.
  void start_in_pieces(const std::function<void()>& between);
  /// QMP stop: returns when all have paused.
  void stop(const std::string& state = "paused");
  void reset();
  /// The same at the next pause, before whoever asked for that sees the vCPUs stand: QEMU's main thread gets the lock
  /// first.
  void reset_in_next_pause() { is_reset_in_pause_ = true; }
  /// Called at the next pause, once the vCPUs stand, before whoever asked for that sees it; lock held. While they run.
  void in_next_pause(std::function<void()> what) { in_pause_ = std::move(what); }
  /// The lock is dropped before the agent is told, and before the vCPUs are let go.
  void reset_in_pieces(const std::function<void()>& between);
  /// Loads a snapshot whose clock shows `reading`; QEMU's word for why it stops is `state`.
  void load_snapshot(time::Duration reading, const std::string& state = "restore-vm");
  /// Ends the threads.
  void power_off();
  /// A vCPU waits for an interrupt; it has come. From any thread, a vCPU's included; not with the lock.
  void halt(int vcpu) { which(vcpu).is_halted = true; }
  void wake(int vcpu);
  /// The same, with the lock.
  void wake_locked(int vcpu);

  /// Has `work` done in a vCPU's thread, lock held, and waits for that.
  void run_on_vcpu(int vcpu, const std::function<void()>& work);

  /// How many instructions each of a vCPU's blocks has. Before `boot`.
  void set_block(int vcpu, std::int64_t instructions) { which(vcpu).block = instructions; }
  /// Called in a vCPU's thread before each block, without the lock. Before `boot`.
  std::function<void(int vcpu)> on_block{};
  /// Called for the timer that is due, with the lock; not for one of another thread's. Before `boot`.
  std::function<void()> on_timer{};
  /// Called by each `pause()` of the agent's, without the lock. Before `boot`.
  std::function<void()> on_look{};
  /// Whom the counters tell; nobody counts without. Before `boot`.
  VcpuCounters::Listener* counters_listener = nullptr;
  /// Called for a vCPU that is asked to look what there is for it to do, lock held. Before `boot`.
  std::function<void(int vcpu)> on_kick{};
  /// Called in the thread that has a vCPU wait, before that is queued; lock held or not. Before `boot`.
  std::function<void(int vcpu)> on_queue_wait{};
  /// Whose clock the timers are on. Before `boot`.
  std::function<time::Duration()> timer_clock{};

  void set_timer(std::optional<time::Duration> reading, bool is_of_another_thread = false);
  [[nodiscard]] std::int64_t executed(int vcpu) const { return which(vcpu).executed.load(); }
  [[nodiscard]] std::int64_t executed_by_all() const;
  [[nodiscard]] int resumes() const { return resumes_.load(); }
  [[nodiscard]] int timer_runs() const { return timer_runs_.load(); }
  /// How often vCPUs went on from where they were caught.
  [[nodiscard]] int went_on_from_lock() const { return went_on_from_lock_.load(); }
  /// All vCPUs stand or are caught, and no work is queued that would wait in one.
  [[nodiscard]] bool stands() const;
  /// Its thread sleeps.
  [[nodiscard]] bool is_asleep(int vcpu) const { return which(vcpu).is_asleep.load(); }
  /// Work is queued for it, or under way.
  [[nodiscard]] bool has_work(int vcpu) const { return which(vcpu).queued != 0; }
  [[nodiscard]] bool was_asked_to_quit() const { return is_quitting_.load(); }
  [[nodiscard]] std::vector<std::string> told();

  // QemuHost
  [[nodiscard]] time::Duration clock() const override { return timer_clock(); }
  [[nodiscard]] time::Duration instruction_length() const override { return time::Duration::nanoseconds(1); }
  void arm_timer(time::Duration /*reading*/) override {}
  void park_timer() override {}
  void queue_work() override {}
  void stay_busy() override {}
  void run_other_work() override {}
  void look_again() override {}
  [[nodiscard]] bool are_vcpus_idle() override { return false; }
  [[nodiscard]] std::optional<time::Duration> next_timer() const override { return timer_; }
  [[nodiscard]] std::optional<time::Duration> next_machine_timer() const override { return timer_; }
  [[nodiscard]] bool do_vcpus_take_turns() const override { return false; }
  [[nodiscard]] bool is_lock_wanted() const override { return lock_waiters_ > 0; }
  [[nodiscard]] bool is_vcpu_thread() const override { return this_vcpu() >= 0; }
  void let_time_pass(time::Duration /*span*/) override {}
  void lock() override;
  void unlock() override;
  [[nodiscard]] bool has_lock() const override { return owner_ == std::this_thread::get_id(); }
  [[nodiscard]] bool is_running() const override { return is_running_.load(); }
  [[nodiscard]] bool is_clock_enabled() const override { return is_clock_enabled_.load(); }
  [[nodiscard]] bool has_panicked() const override { return false; }
  [[nodiscard]] bool is_leaving() const override { return false; }
  [[nodiscard]] bool is_ending() const override { return false; }
  void request_quit(bool /*is_fault*/) override { is_quitting_ = true; }
  void tell_user(const std::string& line) override;

  void pause() override;

  // VcpuCounters
  [[nodiscard]] int count() const override { return static_cast<int>(states_.size()); }
  [[nodiscard]] std::int64_t left(int vcpu) const override { return which(vcpu).left; }
  void set_left(int vcpu, std::int64_t instructions) override { which(vcpu).left = instructions; }
  void queue_wait(int vcpu) override;
  [[nodiscard]] bool is_idle(int vcpu) const override;
  [[nodiscard]] bool is_stopped(int vcpu) const override;
  [[nodiscard]] int this_vcpu() const override;

  /// Its vCPUs, as the agent holds them.
  [[nodiscard]] Vcpus& vcpus() { return vcpus_; }

 private:
  using Guard = std::unique_lock<std::recursive_mutex>;
  struct Vcpu {
    std::atomic<bool> is_barred{false};
    std::atomic<bool> is_asleep{false};
    std::atomic<bool> is_in_block{false};  // and does not wait for the lock there
    std::atomic<bool> waits_in_block{false};
    std::thread thread{};
    std::thread::id id{};
    std::deque<std::function<void()>> work{};
    std::atomic<std::size_t> queued{0};
    std::atomic<bool> must_stop{false};
    std::atomic<bool> is_stopped{true};
    std::atomic<bool> is_halted{false};
    std::atomic<std::int64_t> executed{0};
    std::atomic<std::int64_t> left{0};
    std::int64_t block = 10;
  };
  class Halting final : public Vcpus {
   public:
    explicit Halting(FakeMachine& machine) : machine_(machine) {}
    void pause() override;
    bool catch_at_lock() override;
    [[nodiscard]] bool are_caught() const override { return machine_.is_caught_; }
    [[nodiscard]] bool can_hold_others() const override { return true; }
    bool hold_others() override;
    void let_others_go() override;
    [[nodiscard]] int others_held() const override { return machine_.held_out_; }
    void resume() override;
    void run_timers() override;
    void listen(Listener& listener) override { machine_.vcpu_listener_ = &listener; }
    [[nodiscard]] bool is_reset_due() const override { return machine_.is_reset_due_; }
    void stop_this() override { machine_.which(machine_.this_vcpu()).must_stop = true; }
    void turn_clock_off() override { machine_.is_clock_enabled_ = false; }
    void bar(const std::function<void()>& wait) override;
    [[nodiscard]] bool is_barred(int vcpu) const override { return machine_.which(vcpu).is_barred.load(); }
    [[nodiscard]] time::Duration running_clock() const override;
    bool set_running_clock(time::Duration reading) override;
    [[nodiscard]] int count() const override { return machine_.count(); }
    [[nodiscard]] host::HostDuration cpu_time(int /*vcpu*/) const override { return {}; }

   private:
    FakeMachine& machine_;
  };

  [[nodiscard]] Vcpu& which(int vcpu) const { return *states_[static_cast<std::size_t>(vcpu)]; }
  void run_vcpu(int index);
  void wait_for_something(int index, Guard& guard);
  void execute(int index);
  void stay_out(int index);
  void queue(int vcpu, std::function<void()> work);
  void pause_all();
  void resume_all();
  void kick(int vcpu) const;
  void load_clock(time::Duration reading);
  void let_others(const std::function<void()>& between);

  std::vector<std::unique_ptr<Vcpu>> states_;
  Halting vcpus_{*this};
  std::recursive_mutex lock_;  // work is queued with it or without
  std::atomic<std::thread::id> owner_{};
  std::condition_variable_any changed_;
  QemuHost::Listener* listener_ = nullptr;
  Vcpus::Listener* vcpu_listener_ = nullptr;
  std::atomic<bool> is_reset_due_{false};
  std::function<void()> in_pause_{};
  std::optional<time::Duration> timer_;
  bool is_timer_of_another_thread_ = false;
  std::atomic<std::int64_t> clock_ns_{0};
  std::atomic<int> held_out_{0};
  std::atomic<int> let_in_alone_{-1};  // the vCPU within an instruction, for which the others are held
  std::atomic<bool> is_running_{false};
  std::atomic<bool> is_clock_enabled_{true};
  std::atomic<bool> is_ending_{false};
  std::atomic<bool> is_quitting_{false};
  std::atomic<bool> is_reset_in_pause_{false};
  std::atomic<bool> is_caught_{false};
  std::atomic<std::thread::id> catcher_{};
  std::atomic<int> lock_waiters_{0};
  std::atomic<int> went_on_from_lock_{0};
  std::atomic<int> resumes_{0};
  std::atomic<int> timer_runs_{0};
  std::mutex told_mutex_;
  std::vector<std::string> told_;
};

}  // namespace fermata::qemu
