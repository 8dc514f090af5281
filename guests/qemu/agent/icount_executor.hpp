// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "fermata/guest/follower.hpp"
#include "guests/qemu/stock/qemu_host.hpp"

namespace fermata::qemu {

/// Runs a QEMU that counts instructions (`-icount N,sleep=off`) exactly up to a horizon and holds it there, leaving
/// QMP, gdb, signals, reset and snapshots alive. See the source for how.
///
/// Thread rule: `resume_until` and `leave` are called by the follower, from within `run_work`; all else by QEMU.
class IcountExecutor final : public guest::Executor, public QemuHost::Listener {
 public:
  explicit IcountExecutor(QemuHost& host) : host_(host) {}

  /// Who is asked for grants. Once, before the machine starts; must outlive the executor.
  void set_follower(guest::Follower& follower) { follower_ = &follower; }

  // guest::Executor
  void resume_until(time::Instant horizon) override;
  void leave(const wire::Leave& order) override;

  // QemuHost::Listener
  void timer_expired() override;
  void run_work() override;
  void machine_started() override;
  void machine_stopped(const std::string& state) override;

 private:
  enum class State : std::uint8_t {
    held,     ///< stands at an instant that was granted: no guest instruction may run
    running,  ///< the timer is armed at the horizon
  };

  [[nodiscard]] time::Duration horizon_reading() const { return zero_ + horizon_.since_origin(); }
  [[nodiscard]] time::Instant standing_at() const;
  void hold();
  void stand();
  void wait_for_order();
  void let_others_work(unsigned look);
  [[nodiscard]] bool must_let_go() const;
  void wait_for_the_end();

  QemuHost& host_;
  guest::Follower* follower_ = nullptr;

  // Under QEMU's lock.
  State state_ = State::held;
  bool is_reported_ = true;                   // nothing is reported at the start
  time::Instant horizon_;                     // where it stands or runs to
  time::Duration zero_;                       // the reading of QEMU's clock at our origin
  std::optional<time::Duration> stopped_at_;  // the reading at which QEMU stopped the machine
  bool has_started_ = false;
  bool is_underway_ = false;  // the vCPU thread has left the wait for its first start
  bool is_working_ = false;   // within run_work

  // Of the vCPU thread, within run_work.
  std::optional<time::Instant> granted_;
  bool is_leaving_ = false;
};

}  // namespace fermata::qemu
