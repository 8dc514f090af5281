// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fermata/guest/follower.hpp"
#include "guests/qemu/agent/held_machine.hpp"
#include "guests/qemu/agent/threaded/machine_time.hpp"
#include "guests/qemu/stock/qemu_host.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Runs a QEMU whose vCPUs have a thread each (KVM, multi-threaded TCG) up to a horizon and holds it there: what it
/// reports is always what was asked for. See the source for how. Where virtual time comes from is its MachineTime's
/// affair.
///
/// With channels it also stands at the instants of inputs, without a report, and as soon as it can where an output
/// wants it to; what is sent has the instant at which it next stands.
///
/// Thread rule: `run` is the body of a thread of its own, which calls `resume_until` and `leave` by the follower, and
/// the channels; all else by QEMU.
class ThreadedExecutor final : public guest::Executor, public HeldMachine, public QemuHost::Listener, Vcpus::Listener {
 public:
  ThreadedExecutor(QemuHost& host, Vcpus& vcpus, MachineTime& time) : host_(host), vcpus_(vcpus), time_(time) {}

  /// Who is asked for grants. Once, before `run`; must outlive the executor.
  void set_follower(guest::Follower& follower) { follower_ = &follower; }
  /// Begins to listen to the vCPUs, lock held; once, before `run`. Throws base::Error (unsupported) if this QEMU does
  /// not tell when it lets them go.
  void listen();
  /// Obeys the simulator until it has gone or the machine has ended. From machine-init-done on.
  void run();

  // guest::Executor
  void resume_until(time::Instant horizon) override { granted_ = horizon; }
  void leave(const wire::Leave& order) override;

  // HeldMachine
  void set_inputs(Inputs& inputs) override { inputs_ = &inputs; }
  [[nodiscard]] bool is_exact_here() const override { return false; }
  [[nodiscard]] time::Instant now() const override { return instant_of(time_.reading()); }
  [[nodiscard]] time::Instant horizon() const override { return horizon_; }
  void stop_here(time::Instant at, wire::StopReason reason) override;
  void stop_soon() override;
  [[nodiscard]] bool may_wait_within_instruction() override;
  bool wait_within_instruction(const std::function<bool()>& is_answered) override;
  void abandon_instruction() override { is_abandoned_ = is_stalled_.load(); }
  void return_to(time::Instant now) override;

  // QemuHost::Listener
  void timer_expired() override {}
  void run_work() override {}
  void machine_started() override;
  void machine_stopped(const std::string& state) override;
  void machine_reset() override;

  /// QEMU has ended with this status, from its exit() in whatever thread: nothing of it is called any more.
  void ended(int exit_status);
  /// True once it was told to leave for a fault that its protocol has a word for. Any thread.
  [[nodiscard]] bool has_left_for_a_fault() const { return is_fault_; }

 private:
  // How often a held machine is looked after, and a stopped one.
  static constexpr host::HostDuration look_interval = std::chrono::milliseconds(2);
  // How often the lock is looked after while vCPUs are caught at it, and for how long a grant is awaited there.
  static constexpr host::HostDuration caught_look_interval = std::chrono::microseconds(50);
  static constexpr host::HostDuration longest_caught = std::chrono::microseconds(500);

  [[nodiscard]] time::Duration reading_of(time::Instant at) const { return zero_ + at.since_origin(); }
  [[nodiscard]] time::Instant instant_of(time::Duration reading) const {
    return time::Instant::origin() + (reading - zero_);
  }
  [[nodiscard]] time::Instant next_stop() const;
  [[nodiscard]] time::Instant standing_at() const;
  [[nodiscard]] bool is_held_at_horizon() const { return is_held_ && !is_pausing_; }
  void give_way_to_the_end();
  template <typename Use>
  void in_turn(Use use);
  void with_follower(const std::function<void(guest::Follower&)>& use);
  void with_inputs(const std::function<void(Inputs&)>& use);
  void keep_news(wire::StopReason reason);
  bool tell_news();
  void report(const wire::Stop& stop);
  void wait_for_order();
  void run_to(time::Instant horizon);
  void take_lock();
  void drop_lock();
  void stay_caught();
  void pause_caught();
  void no_longer_caught();
  void await_grant_at_lock();
  [[nodiscard]] bool is_undisturbed() const;
  [[nodiscard]] bool is_all_sent();
  [[nodiscard]] bool has_got_there();
  [[nodiscard]] bool is_to_stand_early() const;
  [[nodiscard]] bool was_raised();
  [[nodiscard]] bool hold();
  void come_to_stand(bool is_early);
  void deliver_due();
  void arrive();
  [[nodiscard]] bool keep_out_of_the_way();
  void wait_until_out_of_the_way();
  [[nodiscard]] bool hold_others();
  void let_others_go(bool is_pausing);
  void cut_short(bool is_pausing);
  [[nodiscard]] bool finish_instruction(const std::function<bool()>& is_answered);
  [[nodiscard]] bool report_within_instruction(wire::StopReason reason);
  void pass_time();
  void bar_vcpus();
  [[nodiscard]] bool has_let_go() const;
  // Vcpus::Listener
  void vcpus_let_go() override;
  void state_loaded() override;
  void pause_again();
  void pause_by(const std::function<void()>& pause);
  [[nodiscard]] bool is_over() const { return is_over_.load(std::memory_order_relaxed); }

  QemuHost& host_;
  Vcpus& vcpus_;
  MachineTime& time_;
  guest::Follower* follower_ = nullptr;
  Inputs* inputs_ = nullptr;
  // Whose turn with the session it is: the agent's thread's, or that of QEMU's end, which may not have QEMU's lock.
  // With it the agent's thread takes QEMU's lock only for checkpoints; `ended` gives up after a while.
  std::mutex following_;
  std::atomic<bool> is_end_coming_{false};

  // Of the agent's thread.
  std::optional<time::Instant> granted_;
  time::Instant target_;                    // the horizon that it was given; it may stand on the way
  std::optional<wire::StopReason> reason_;  // why it stands, if not for that
  time::Instant reported_at_;
  std::optional<host::Deadline> caught_until_;  // while the vCPUs are caught
  std::atomic<bool> is_leaving_{false};
  std::atomic<bool> is_fault_{false};
  std::atomic<bool> is_over_{false};

  // An instruction waits: its vCPU's thread has the part of the agent's, which keeps out of the way or, at a horizon,
  // has QEMU pause.
  std::atomic<bool> is_stalled_{false};
  std::thread::id stalled_;                // in this thread; under QEMU's lock
  std::atomic<bool> is_abandoned_{false};  // it is not to be finished
  std::atomic<bool> is_cut_short_{false};  // it was not, and the machine does not stand yet: no other may wait
  std::atomic<bool> is_holding_{false};    // the agent's thread is about to have the machine stand, or has it
  host::HostInstant others_until_{};       // the others have had a turn since the last one
  bool has_told_of_others_ = false;
  bool has_stalled_ = false;  // while QEMU was to pause the vCPUs
  bool is_told_ = false;      // no report is due where the machine stands next: one was made within it
  std::mutex stall_mutex_;
  std::condition_variable stall_changed_;
  bool is_out_of_the_way_ = false;

  std::atomic<bool> is_stop_wanted_{false};  // before the horizon, for what the guest has sent
  std::atomic<bool> has_news_{false};

  // Under QEMU's lock.
  std::vector<wire::StopReason> news_;   // what has happened to the machine, to be told
  std::atomic<bool> is_held_{true};      // no guest instruction may run; read without the lock by a barred vCPU
  std::atomic<bool> is_pausing_{false};  // the agent's thread waits until the vCPUs stand
  std::atomic<bool> must_pause_{false};  // QEMU lets the vCPUs go while they are to be held
  bool is_letting_go_ = false;           // it is about to; until then they are its own affair
  time::Instant horizon_;                // where it stands or runs to
  time::Duration zero_;                  // the reading of QEMU's clock at our origin
  time::Duration stopped_at_;            // the reading at which QEMU stopped the machine
  bool has_started_ = false;
  bool has_told_of_snapshots_ = false;
  bool is_started_ = false;  // as told to us: QEMU says so some time before
};

}  // namespace fermata::qemu
