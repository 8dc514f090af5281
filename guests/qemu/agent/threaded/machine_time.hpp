// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "fermata/time/duration.hpp"

namespace fermata::qemu {

/// Where the virtual time of a machine whose vCPUs have a thread each comes from, and how it is run up to a limit and
/// stopped there. Readings are of QEMU's virtual clock. The agent's thread calls, in this order:
///
///     begin (lock)   resumed (lock)   run (no lock)   [raise, run ...]   end (lock)
///
/// and `stopped` and `started` come from QEMU's main thread, with the lock, whenever its user stops the machine.
class MachineTime {
 public:
  virtual ~MachineTime() = default;

  /// What the virtual clock shows. Any thread.
  [[nodiscard]] virtual time::Duration reading() const = 0;

  /// The machine is to go on, up to `limit`; the vCPUs stand. False if it has got there already (it ran on for longer
  /// the last time): the clock shows the limit, and there is nothing to run or to end.
  [[nodiscard]] virtual bool begin(time::Duration limit) = 0;
  /// The vCPUs have been let go; none has gone on yet.
  virtual void resumed() {}
  /// Returns true when the clock shows the limit, or false soon after `must_stop` says yes; the vCPUs may still run.
  virtual bool run(const std::function<bool()>& must_stop) = 0;
  /// Has `run` ask `must_stop` now. Any thread; with QEMU's lock or without.
  virtual void hurry() = 0;
  /// A later limit, while it runs.
  virtual void raise(time::Duration limit) = 0;
  /// The vCPUs are brought to a halt; they stand when it returns, or are caught (Vcpus::catch_at_lock), and the clock
  /// stands at what it shows then: the limit, or less if `run` was not waited for.
  virtual void end() = 0;

  /// From within an instruction, lock held, all other vCPUs held: the clock stands at what it shows. The agent's thread
  /// may be in `run` or in `end`.
  /// If the others are not held after all, nothing of theirs is touched.
  virtual void stand_within(bool are_others_held) = 0;
  /// The clock stands at `reading`, not before where it stood: time passes in which nothing is executed.
  virtual void pass_within(time::Duration reading) = 0;
  /// It is to go on from there, up to `limit`; the others are still held.
  virtual void go_on_within(time::Duration limit) = 0;
  /// The others have gone on.
  virtual void others_gone_on() {}

  /// QEMU's user has stopped the machine; its vCPUs stand. What the clock shows is to last, unless a snapshot is
  /// loaded. False if a snapshot would be saved with another time.
  virtual bool stopped() = 0;
  /// The machine goes on at `reading`, up to `limit`, which is the same if it is held.
  virtual void started(time::Duration reading, time::Duration limit) = 0;
};

}  // namespace fermata::qemu
