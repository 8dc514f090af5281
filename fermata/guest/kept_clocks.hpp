// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "fermata/host/adaptive_spin.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/transport/shared_clocks.hpp"
#include "fermata/wire/guest_session.hpp"
#include "fermata/wire/link/guest_session.hpp"

namespace fermata::guest {

/// Where a clock stands.
[[nodiscard]] time::Instant instant_of(const transport::SharedClocks& clocks, std::size_t clock);
/// How far the clocks that a guest follows let it go, as they stand; the end of time if it follows none.
[[nodiscard]] time::Instant limit_of(const transport::SharedClocks& clocks, std::span<const wire::Followed> followed);

/// The clocks that a guest shares with others, as it uses them: it tells its own, and asks how far those that it
/// follows let it go. One thread.
class KeptClocks {
 public:
  /// `own` is the guest's. Throws base::BadArgument if there is none of that number.
  KeptClocks(transport::SharedClocks clocks, std::size_t own);

  /// Has a guest say of itself that it shares them.
  void declare(wire::link::GuestSession::Identity& who) const;
  /// How far they let it go, as they stand.
  [[nodiscard]] time::Instant limit(std::span<const wire::Followed> followed) const {
    return limit_of(clocks_, followed);
  }
  /// Waits until they let it go beyond `now`, or for `length`. May end early.
  void wait_beyond(time::Instant now, std::span<const wire::Followed> followed, host::HostDuration length);
  /// The guest will do nothing earlier than `now` any more, and has sent to the simulator what it did. Nothing if its
  /// clock shows that already.
  void tell(time::Instant now);
  /// It will do nothing any more.
  void tell_end();
  /// Something was sent to the simulator.
  void ring_bell() { clocks_.ring_bell(); }

 private:
  void tell_ns(std::int64_t now_ns);
  [[nodiscard]] time::Instant limit_by(const wire::Followed& one) const;

  transport::SharedClocks clocks_;
  std::size_t own_;
  host::AdaptiveSpin spin_;
  std::optional<host::HostInstant> asleep_since_;  // through the calls of one wait
};

}  // namespace fermata::guest
