// SPDX-License-Identifier: GPL-2.0-or-later
//
// What an executor and the guest's channels know of each other.
#pragma once

#include <functional>
#include <optional>

#include "fermata/time/instant.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::qemu {

/// The guest's channels, as an executor sees them: what happens at instants within a run, besides its end.
class Inputs {
 public:
  virtual ~Inputs() = default;

  /// The instant of the next input that waits.
  [[nodiscard]] virtual std::optional<time::Instant> next() const = 0;
  /// Gives the guest's devices all that are due. Lock held, no guest instruction under way; in the vCPU thread, or
  /// where all vCPUs stand.
  virtual void deliver(time::Instant now) = 0;
  /// The machine stands, no instruction is under way: called before each report and before it goes on, lock held.
  virtual void standing(time::Instant now) = 0;
  /// The same while it goes on standing, every few milliseconds, with the lock or without.
  virtual void waiting() = 0;
  /// The instant of the last output that was told.
  [[nodiscard]] virtual time::Instant last_output() const = 0;
  /// The machine is being reset. Main thread, lock held, vCPUs paused.
  virtual void reset() = 0;
};

/// An executor, as the guest's channels see it. QEMU's lock is held in all calls but those of the thread that obeys the
/// simulator while the machine stands.
class HeldMachine {
 public:
  virtual ~HeldMachine() = default;

  /// For protocols that carry inputs. Once, before the machine starts; must outlive the executor.
  virtual void set_inputs(Inputs& inputs) = 0;

  /// True in a thread and at a moment where what the guest does has an instant, which is `now`; elsewhere what it sends
  /// has that at which it next stands.
  [[nodiscard]] virtual bool is_exact_here() const = 0;
  /// Where the guest is, if it is exact here, and where it stands.
  [[nodiscard]] virtual time::Instant now() const = 0;
  /// Where it stands or runs to.
  [[nodiscard]] virtual time::Instant horizon() const = 0;

  /// From within a guest's instruction or a timer where it is exact, or from `Inputs::standing`: the machine is to
  /// stand still after it, at `at`, which is now, for `reason`.
  virtual void stop_here(time::Instant at, wire::StopReason reason) = 0;
  /// Where it is not exact: the machine is to stand as soon as it can, and says what it then finds to say.
  virtual void stop_soon() = 0;

  /// True if `wait_within_instruction` may be called: a guest's instruction is under way, and nobody else looks at the
  /// guest's memory. Waits until no other instruction waits.
  [[nodiscard]] virtual bool may_wait_within_instruction() = 0;
  /// From within a guest's instruction that does I/O, which the simulator is to finish: tells that the guest waits, and
  /// lets time pass until `is_answered`, asked whenever an input was delivered. False if the instruction is not to be
  /// finished. vCPU thread; the lock is dropped while waiting.
  virtual bool wait_within_instruction(const std::function<bool()>& is_answered) = 0;
  /// From within the wait, while orders are waited for: the instruction is not to be finished, the guest goes back to a
  /// checkpoint.
  virtual void abandon_instruction() = 0;

  /// After a snapshot was loaded whose clock stood at `now` of ours: that is where the machine stands.
  virtual void return_to(time::Instant now) = 0;
};

}  // namespace fermata::qemu
