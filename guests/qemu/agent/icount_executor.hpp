// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "fermata/guest/follower.hpp"
#include "fermata/host/adaptive_spin.hpp"
#include "guests/qemu/agent/held_machine.hpp"
#include "guests/qemu/stock/qemu_host.hpp"

namespace fermata::qemu {

/// Runs a QEMU that counts instructions (`-icount N,sleep=off`) exactly up to a horizon and holds it there, leaving
/// QMP, gdb, signals, reset and snapshots alive. See the source for how.
///
/// Thread rule: `resume_until` and `leave` are called by the follower, from within `run_work`; all else by QEMU.
class IcountExecutor final : public guest::Executor, public HeldMachine, public QemuHost::Listener {
 public:
  explicit IcountExecutor(QemuHost& host) : host_(host) {}

  /// Who is asked for grants. Once, before the machine starts; must outlive the executor.
  void set_follower(guest::Follower& follower) { follower_ = &follower; }

  // HeldMachine. With inputs horizons may also be raised while the guest runs, devices' timers of an instant come
  // before its inputs and its report, and reports tell the next event. A stop by QEMU's user waits for the answer that
  // an instruction waits for.
  void set_inputs(Inputs& inputs) override { inputs_ = &inputs; }
  [[nodiscard]] bool is_exact_here() const override { return host_.is_vcpu_thread(); }
  [[nodiscard]] time::Instant now() const override;
  [[nodiscard]] time::Instant horizon() const override { return horizon_; }
  void stop_here(time::Instant at, wire::StopReason reason) override;
  void stop_soon() override {}  // it stands soon enough
  [[nodiscard]] bool may_wait_within_instruction() override;
  bool wait_within_instruction(const std::function<bool()>& is_answered) override;
  void abandon_instruction() override { is_abandoned_ = true; }
  void return_to(time::Instant now) override;

  // guest::Executor
  void resume_until(time::Instant horizon) override;
  void leave(const wire::Leave& order) override;

  // QemuHost::Listener
  void timer_expired() override;
  void run_work() override;
  void machine_started() override;
  void machine_stopped(const std::string& state) override;
  void machine_reset() override;

  /// True once it was told to leave for a fault. Any thread.
  [[nodiscard]] bool has_left_for_a_fault() const { return is_fault_; }

  /// The machine has ended for good, QEMU with this status: from its exit(), in whatever thread.
  void ended(int exit_status);

 private:
  // How often a held machine looks whether QEMU wants its vCPUs to pause: bounds how long a stop, a savevm or a reset
  // takes.
  static constexpr host::HostDuration look_interval = std::chrono::milliseconds(2);

  enum class State : std::uint8_t {
    held,     ///< stands at an instant that was granted: no guest instruction may run
    running,  ///< the timer is armed at the horizon
    stalled,  ///< within an instruction that the simulator is to finish
  };

  [[nodiscard]] time::Duration reading_of(time::Instant at) const { return zero_ + at.since_origin(); }
  [[nodiscard]] time::Instant next_stop() const;
  [[nodiscard]] time::Instant standing_at() const;
  [[nodiscard]] bool let_others_go_first();
  void deliver_due(time::Instant reached);
  [[nodiscard]] bool was_raised();
  void tell_progress(time::Instant reached);
  [[nodiscard]] bool shakes_hands_at_once();
  void go_on_to(time::Instant horizon);
  [[nodiscard]] bool is_off_at(time::Instant reached) const;
  [[nodiscard]] std::optional<time::Instant> next_milestone() const;
  [[nodiscard]] wire::NextEvent next_event() const;
  // Of a machine whose vCPUs do nothing; `timer` is its next one, by QEMU's clock.
  [[nodiscard]] wire::NextEvent next_event_of_idle(std::optional<time::Duration> timer, time::Instant standing) const;
  [[nodiscard]] bool report_within_instruction(wire::StopReason reason);
  void pass_time_until(time::Instant until);
  void hold();
  void stand();
  void wait_for_order();
  void let_others_work(unsigned look);
  [[nodiscard]] bool must_let_go() const;
  void wait_for_the_end();
  void tell(const wire::Stop& stop);
  void report(const wire::Stop& stop);

  QemuHost& host_;
  guest::Follower* follower_ = nullptr;
  Inputs* inputs_ = nullptr;

  // Under QEMU's lock.
  State state_ = State::held;
  wire::StopReason reason_ = wire::StopReason::horizon;  // why it stands
  bool is_reported_ = true;                              // nothing is reported at the start
  bool have_others_gone_first_ = false;                  // those with timers at our instant
  time::Instant reported_at_;
  time::Instant granted_horizon_;             // the last that it was given
  time::Instant horizon_;                     // where it stands or runs to
  time::Duration zero_;                       // the reading of QEMU's clock at our origin
  std::optional<time::Duration> stopped_at_;  // the reading at which QEMU stopped the machine
  bool has_started_ = false;
  bool is_underway_ = false;  // the vCPU thread has left the wait for its first start
  bool is_working_ = false;   // within run_work

  // Of the vCPU thread, within run_work.
  std::optional<time::Instant> granted_;
  wire::NextEvent next_;
  host::AdaptiveSpin spin_;
  std::optional<wire::StopReason> stop_wanted_;  // while stalled
  bool is_abandoned_ = false;                    // while stalled
  bool is_delivering_ = false;                   // within inputs_->deliver
  bool is_leaving_ = false;
  std::atomic<bool> is_fault_{false};  // why it is
};

}  // namespace fermata::qemu
