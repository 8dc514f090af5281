// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::qemu {

/// All that the agent's logic asks of the QEMU around it: the one seam between the two. `StockQemu` is the real one;
/// tests have one of their own, because sanitizers cannot see into a stock QEMU.
///
/// QEMU's big lock protects everything here unless a call says otherwise. vCPU thread: the thread that executes guest
/// code; with instruction counting there is one for all vCPUs. Clock readings are of QEMU's virtual clock, which counts
/// from its machine's first start and jumps when a snapshot is loaded.
class QemuHost {
 public:
  /// What QEMU tells the agent. The lock is held in every call.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// The armed reading has been reached; no guest instruction beyond it has run. vCPU or main thread, inside QEMU's
    /// timer processing: must not block.
    virtual void timer_expired() = 0;
    /// Work that was queued is due: vCPU thread, outside guest code and timers. May drop the lock and block. Further
    /// guest instructions wait for its return.
    virtual void run_work() = 0;
    /// The machine starts or goes on (QMP cont, after savevm or loadvm...). Main thread; vCPUs have not started yet.
    virtual void machine_started() = 0;
    /// The machine was stopped (QMP stop, a debugger, savevm, shutdown, panic); `state` is QEMU's word for it. Main
    /// thread; vCPUs have stopped.
    virtual void machine_stopped(const std::string& state) = 0;
    /// The machine is being reset while it runs: vCPUs have been paused and go on afterwards. Main thread.
    virtual void machine_reset() = 0;
  };

  virtual ~QemuHost() = default;

  /// The virtual clock. Any thread; exact in the vCPU thread and where the vCPUs stand.
  [[nodiscard]] virtual time::Duration clock() const = 0;
  /// How long one instruction is on the virtual clock: a horizon inside it is reached at its end.
  [[nodiscard]] virtual time::Duration instruction_length() const = 0;

  /// Arms the agent's one timer; replaces what it was armed to. A reading that has passed expires at once.
  virtual void arm_timer(time::Duration reading) = 0;
  /// Puts the timer out of reach, yet keeps it pending, so that `is_clock_enabled` has something to look at.
  virtual void park_timer() = 0;
  /// Has `Listener::run_work` called in the vCPU thread before any further guest instruction.
  virtual void queue_work() = 0;
  /// From within `run_work`: lets vCPU 0 count as busy until that returns. An idle machine's clock is moved on to its
  /// next timer by the main thread, and it must not be while the vCPU thread waits without the lock.
  virtual void stay_busy() = 0;
  /// From within `run_work`: runs what others have queued for the vCPUs, so that a monitor command that waits for it
  /// (a screendump, say) does not wait for the next grant. vCPU 0 stays busy.
  virtual void run_other_work() = 0;
  /// From within `run_work`: has the vCPU thread look for a wish to pause again, once it waits. Returns at once. Until
  /// a machine's first instruction QEMU's vCPU thread sleeps first and looks then, so that it would sleep through a
  /// wish that came meanwhile.
  virtual void look_again() = 0;

  /// From within `run_work`, before `stay_busy`: true if all vCPUs wait for an interrupt.
  [[nodiscard]] virtual bool are_vcpus_idle() = 0;
  /// The reading of the next timer of the machine's own; the agent's is parked.
  [[nodiscard]] virtual std::optional<time::Duration> next_timer() const = 0;
  /// True if several vCPUs take turns: how a wait ends may then show in whose turn is next.
  [[nodiscard]] virtual bool do_vcpus_take_turns() const = 0;
  /// True while another thread waits for the lock.
  [[nodiscard]] virtual bool is_lock_wanted() const = 0;
  /// True in the thread that executes guest code. No lock needed.
  [[nodiscard]] virtual bool is_vcpu_thread() const = 0;

  /// From within a guest's instruction that does I/O: moves the clock on by `span`, and runs the timers that are due
  /// then; the agent's own may be among them.
  virtual void let_time_pass(time::Duration span) = 0;

  virtual void lock() = 0;
  virtual void unlock() = 0;
  /// True if this thread has the lock.
  [[nodiscard]] virtual bool has_lock() const = 0;

  /// False once a stop has been asked for, before the vCPUs have followed. No lock needed.
  [[nodiscard]] virtual bool is_running() const = 0;
  /// False while the vCPUs are being paused, by a stop or for a system reset. Only while the timer is pending. No lock
  /// needed.
  [[nodiscard]] virtual bool is_clock_enabled() const = 0;
  /// The same of those that `let_time_pass` runs.
  [[nodiscard]] virtual std::optional<time::Duration> next_machine_timer() const = 0;
  /// True if the machine was shut down because its guest panicked.
  [[nodiscard]] virtual bool has_panicked() const = 0;
  /// True once QEMU is on its way out, or asked to be. No lock needed.
  [[nodiscard]] virtual bool is_leaving() const = 0;
  /// True from the guest's (or a user's) wish for a shutdown or reset until the main thread has carried it out. No lock
  /// needed.
  [[nodiscard]] virtual bool is_ending() const = 0;
  /// Asks QEMU to shut down in order, even under -no-shutdown; it stops running soon after. With a fault its exit
  /// status is 1, where this QEMU can be told (7.2 cannot).
  virtual void request_quit(bool is_fault) = 0;
  /// Does nothing for a moment. No lock held.
  virtual void pause() = 0;
  /// Tells the user on QEMU's standard error. Any thread.
  virtual void tell_user(const std::string& line) = 0;
};

}  // namespace fermata::qemu
