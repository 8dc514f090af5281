// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "fermata/host/clock.hpp"
#include "fermata/record/comparison.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/sim/connection.hpp"
#include "fermata/time/instant.hpp"

namespace fermata::sim {

/// How a recording is replayed.
struct ReplayOptions {
  host::HostDuration limit = std::chrono::seconds(60);  ///< of host time without a word from the guest
  std::optional<time::Duration> quantum{};              ///< grant no more than this at once; otherwise as recorded
  std::size_t context = 5;                              ///< equal lines that a difference shows before it
  std::function<bool()> is_cancelled{};                 ///< asked ten times a second while the guest is waited for
};

/// What became of it.
struct Replay {
  std::optional<record::Difference> difference{};  ///< between the guest traces of the recording and of the replay
  std::uint64_t equal = 0;                         ///< events of the guest trace that were equal
  time::Instant reached{};                         ///< where the guest stood last
  std::string damage{};                            ///< of the recording, which was replayed up to there
  bool is_cancelled = false;
};

/// Has a new guest at the other end of `connection` do what the recorded one did: gives it the recorded inputs, grants
/// and checkpoints, without the simulator, each when the guest has come as far as it had when it was sent; compares the
/// guest traces as they come and ends at the first difference. Does not depend on how grants and reports crossed in the
/// recording, nor on its quantum. The connection stays open. Throws base::Error: peer_gone, timed_out,
/// protocol_violation, host_failure; unsupported for a recording that cannot be replayed.
[[nodiscard]] Replay replay(record::Reader& recording, Connection& connection, const ReplayOptions& options);

}  // namespace fermata::sim
