// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "fermata/time/instant.hpp"
#include "fermata/wire/guest_session.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::guest {

/// What runs guest code and can be held at an instant: a stock QEMU with the agent inside, or an embedded machine.
///
/// Asynchronous, because a vCPU has a thread of its own and a horizon may be raised while the guest runs:
/// `resume_until` may return at once, and the end of the run is told to the observer, from the executor's thread or
/// from within `resume_until` itself. All calls in both directions are made in the executor's thread, never two at a
/// time.
class Executor {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    /// The machine stands at `stop.now` and stays there until it is resumed. `now` never decreases.
    virtual void stopped(const wire::Stop& stop) = 0;
    /// The next instant at which the machine, while it runs, is to call `progressed`; none if nobody wants to know.
    [[nodiscard]] virtual std::optional<time::Instant> milestone() const { return std::nullopt; }
    /// The machine has got to its milestone, at `now`, and runs on: no instruction is under way this moment. Never
    /// waits, and does not resume or end the machine.
    virtual void progressed(time::Instant /*now*/) {}
  };

  virtual ~Executor() = default;

  /// Lets the machine run until its clock has reached `horizon`, which is later than where it stands. While it runs:
  /// raises its horizon, which never decreases.
  virtual void resume_until(time::Instant horizon) = 0;
  /// Ends the machine for good: no further guest instruction runs, and `stopped` is not called any more. A fault
  /// is told to the user.
  virtual void leave(const wire::Leave& order) = 0;
};

}  // namespace fermata::guest
