// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::qemu {

/// The vCPUs of a QEMU that has a thread for each (KVM, multi-threaded TCG), and the host's time beneath its virtual
/// clock. A seam as QemuHost is one. QEMU's lock protects everything here unless a call says otherwise.
class Vcpus {
 public:
  /// What QEMU does to them unasked. Lock held in each call.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// They are about to be let go, by QEMU or by `resume`: in that thread, before the first of them goes on.
    virtual void vcpus_let_go() = 0;
    /// The state of a snapshot has been loaded, the clock's with it. Main thread; the machine is stopped, and has not
    /// been started since. Perhaps several times for one.
    virtual void state_loaded() = 0;
  };

  virtual ~Vcpus() = default;

  /// Brings all of them to a halt outside guest code, with the virtual clock's timers off. Drops the lock while it
  /// waits. Not in a vCPU's thread.
  virtual void pause() = 0;
  /// Instead of `pause`, for a short time: has each wait for QEMU's lock between two of its instructions. The caller
  /// keeps the lock until `resume` or `pause`, and who asks for it meanwhile gets it after that; the clock's timers
  /// stay on. False if one did not get there within a moment, or is in the midst of an instruction; where that has not
  /// paid lately; if the machine is stopped, QEMU waits for a vCPU, has other vCPUs than at the start, or does not tell
  /// where they are: then they run. Not in a vCPU's thread.
  virtual bool catch_at_lock() { return false; }
  /// True from then until `resume` or `pause`.
  [[nodiscard]] virtual bool are_caught() const { return false; }
  /// True if `hold_others` can be called.
  [[nodiscard]] virtual bool can_hold_others() const { return false; }
  /// From within an instruction of a vCPU's: has all others wait outside of guest code, whatever QEMU wants of them,
  /// until `let_others_go`; whoever else wants the lock gets it. Lock held, also meanwhile; returns once they do. False
  /// if there are others than at the start, or one does not get there: then they go on.
  virtual bool hold_others() { return false; }
  virtual void let_others_go() {}
  /// How many have not gone on yet since.
  [[nodiscard]] virtual int others_held() const { return 0; }
  /// Calls `use` with the virtual clock's timers on, also where QEMU is about to pause the vCPUs. Lock held.
  virtual void with_clock_on(const std::function<void()>& use) { use(); }
  /// The vCPU whose thread this is waits by itself, until it asks for the lock: lock held, about to be dropped.
  virtual void this_waits() {}
  /// Lets all go on, and the timers; from where they are caught when the caller lets go of the lock. Nothing while
  /// QEMU's user has stopped the machine.
  virtual void resume() = 0;
  /// Runs the virtual clock's timers that are due in this thread, while the vCPUs run: QEMU's main thread would come
  /// to them some time later.
  virtual void run_timers() = 0;
  /// From now on tells `listener`, which outlives this. Once. Throws base::Error (unsupported) if this QEMU does not
  /// tell.
  virtual void listen(Listener& listener) = 0;
  /// True from when a system reset was asked for until the vCPUs are let go after it: meanwhile QEMU has them stand,
  /// and may drop its lock. Any thread, no lock.
  [[nodiscard]] virtual bool is_reset_due() const = 0;
  /// Turns the virtual clock off until the vCPUs are let go, as it is after `pause`. QEMU has it on before it lets them
  /// go for the first time, and would not tell, then. While they stand.
  virtual void turn_clock_off() = 0;
  /// Has each vCPU that is about to go on call `wait`, in its thread with the lock held, before its next instruction.
  /// While the vCPUs stand.
  virtual void bar(const std::function<void()>& wait) = 0;
  /// True from `bar` until this vCPU has done with its call, and if that had it stand until the vCPUs are let go: its
  /// thread must not wait for anything else. Any thread, no lock.
  [[nodiscard]] virtual bool is_barred(int vcpu) const = 0;
  /// From within `wait`: has the vCPU whose thread this is stand once that returns, as `pause` does.
  virtual void stop_this() = 0;

  /// The time that the virtual clock would show: the host's while the machine runs, standing while it is stopped. Any
  /// thread.
  [[nodiscard]] virtual time::Duration running_clock() const = 0;
  /// Sets it, while the machine is stopped. A snapshot saves it, too; false if this QEMU does not let us set that, and
  /// saves another.
  virtual bool set_running_clock(time::Duration reading) = 0;

  [[nodiscard]] virtual int count() const = 0;
  /// The processor time that a vCPU's thread has had, zero until that is known. Any thread, no lock.
  [[nodiscard]] virtual host::HostDuration cpu_time(int vcpu) const = 0;
  /// From now on notes what each has had when it next leaves guest code: right before `pause`.
  virtual void watch_exits() {}
  /// What it had had then; all until now where it was not in guest code, or this QEMU does not tell. After `pause`.
  [[nodiscard]] virtual host::HostDuration cpu_time_at_exit(int vcpu) const { return cpu_time(vcpu); }
};

/// Clocks of the guest's that follow the host's time by themselves, outside of QEMU's virtual clock: KVM's. All calls
/// with the lock held, readings are of the virtual clock.
class GuestClocks {
 public:
  virtual ~GuestClocks() = default;

  /// The vCPUs have been paused.
  virtual void hold() = 0;
  /// The guest is to see that it is `reading`: the vCPUs are about to go on, or QEMU is about to save its state.
  virtual void show(time::Duration reading) = 0;
  /// The machine starts, or a snapshot was loaded: what they show now is what they are to show at `reading`.
  virtual void adopt(time::Duration reading) = 0;
};

}  // namespace fermata::qemu
