// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace fermata::guest {

/// What the guest's end counts, laid out so that it can stand in memory shared with the simulator's process. One
/// writer, the executor's thread; any number of readers, who may see the fields of two neighbouring quanta mixed.
struct Statistics {
  static constexpr std::uint64_t current_layout = 0x46524d5354410001;  // "FRMSTA", version 1

  std::atomic<std::uint64_t> layout{current_layout};  ///< `current_layout` once the writer is there, 0 before
  std::atomic<std::uint64_t> quanta{0};               ///< horizons reached
  std::atomic<std::uint64_t> running_ns{0};           ///< host time from being resumed to standing at the horizon
  std::atomic<std::uint64_t> holding_ns{0};           ///< host time from standing at the horizon to being resumed
  std::atomic<std::uint64_t> overshoot_max_ns{0};     ///< virtual time beyond the horizon at which a stop was seen
  std::atomic<std::uint64_t> overshoot_sum_ns{0};
};

static_assert(sizeof(Statistics) == 48);
static_assert(std::is_standard_layout_v<Statistics> && std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace fermata::guest
