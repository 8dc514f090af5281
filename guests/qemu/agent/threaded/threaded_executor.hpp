// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "fermata/guest/follower.hpp"
#include "guests/qemu/agent/threaded/machine_time.hpp"
#include "guests/qemu/stock/qemu_host.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Runs a QEMU whose vCPUs have a thread each (KVM, multi-threaded TCG) up to a horizon and holds it there: what it
/// reports is always what was asked for. See the source for how. Where virtual time comes from is its MachineTime's
/// affair.
///
/// Thread rule: `run` is the body of a thread of its own, which calls `resume_until` and `leave` by the follower; all
/// else by QEMU.
class ThreadedExecutor final : public guest::Executor, public QemuHost::Listener {
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

  // QemuHost::Listener
  void timer_expired() override {}
  void run_work() override {}
  void machine_started() override;
  void machine_stopped(const std::string& state) override;
  void machine_reset() override;

  /// QEMU has ended, from its exit(): nothing of it is called any more.
  void ended() { is_over_ = true; }

 private:
  // How often a held machine is looked after, and a stopped one.
  static constexpr host::HostDuration look_interval = std::chrono::milliseconds(2);

  [[nodiscard]] time::Duration reading_of(time::Instant at) const { return zero_ + at.since_origin(); }
  void wait_for_order();
  void run_to(time::Instant horizon);
  [[nodiscard]] bool has_got_there();
  [[nodiscard]] bool was_raised();
  [[nodiscard]] bool hold();
  void bar_vcpus();
  [[nodiscard]] bool has_let_go() const;
  void let_go();
  void pause_again();
  void pause_by(const std::function<void()>& pause);
  [[nodiscard]] bool is_over() const { return is_over_.load(std::memory_order_relaxed); }

  QemuHost& host_;
  Vcpus& vcpus_;
  MachineTime& time_;
  guest::Follower* follower_ = nullptr;

  // Of the agent's thread.
  std::optional<time::Instant> granted_;
  bool is_leaving_ = false;
  std::atomic<bool> is_over_{false};

  // Under QEMU's lock.
  std::atomic<bool> is_held_{true};      // no guest instruction may run; read without the lock by a barred vCPU
  std::atomic<bool> is_pausing_{false};  // the agent's thread waits until the vCPUs stand
  std::atomic<bool> must_pause_{false};  // QEMU lets the vCPUs go while they are to be held
  bool is_letting_go_ = false;           // it is about to; until then they are its own affair
  time::Instant horizon_;                // where it stands or runs to
  time::Duration zero_;                  // the reading of QEMU's clock at our origin
  time::Duration stopped_at_;            // the reading at which QEMU stopped the machine
  bool is_restoring_ = false;            // it did so to load a snapshot
  bool has_started_ = false;
  bool is_started_ = false;  // as told to us: QEMU says so some time before
};

}  // namespace fermata::qemu
