// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace fermata::guest {

/// What the guest's end counts, laid out so that it can stand in memory shared with the simulator's process. One
/// writer, the executor's thread; any number of readers, who may see the fields of two neighbouring quanta mixed.
struct Statistics {
  static constexpr std::uint64_t current_layout = 0x46524d5354410002;  // "FRMSTA", version 2
  static constexpr std::size_t run_on_buckets = 1024;

  std::atomic<std::uint64_t> layout{current_layout};  ///< `current_layout` once the writer is there, 0 before
  std::atomic<std::uint64_t> quanta{0};               ///< horizons reached
  std::atomic<std::uint64_t> running_ns{0};           ///< host time from being resumed to standing at the horizon
  std::atomic<std::uint64_t> holding_ns{0};           ///< host time from standing at the horizon to being resumed
  std::atomic<std::uint64_t> overshoot_max_ns{0};     ///< virtual time beyond the horizon at which a stop was seen
  std::atomic<std::uint64_t> overshoot_sum_ns{0};
  /// How long a guest whose time is the host's ran on behind a clock that stood at its horizon: how many times for
  /// under 1 us, 2 us...; the last counts all that took longer.
  std::array<std::atomic<std::uint64_t>, run_on_buckets> run_on_us{};

  /// For the writer.
  void count_run_on(std::int64_t ns) {
    const auto us = static_cast<std::size_t>(ns > 0 ? ns / 1000 : 0);
    std::atomic<std::uint64_t>& bucket = run_on_us[us < run_on_buckets ? us : run_on_buckets - 1];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

static_assert(sizeof(Statistics) == 48 + Statistics::run_on_buckets * 8);
static_assert(std::is_standard_layout_v<Statistics> && std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace fermata::guest
