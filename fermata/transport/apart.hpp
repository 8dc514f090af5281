// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "fermata/host/processor.hpp"

namespace fermata::transport {

/// Keeps a thread that spins off the processor of the peer that it spins for. Where a move does not pay, because there
/// are more threads that spin than processors, further ones become rare. One thread.
class Apart {
 public:
  void turn_on() { is_on_ = true; }

  /// A spin has failed; the peer tells the processor on which it slept last, counted from 1, and may lie. True if this
  /// thread was there, and has been moved: to spin on is worth while.
  bool leave(std::uint32_t told) {
    constexpr std::uint32_t most = std::numeric_limits<int>::max();
    if (!is_on_ || told == 0 || told > most || (failures_to_skip_ > 0 && --failures_to_skip_ > 0) ||
        !host::move_off(static_cast<int>(told) - 1)) {
      return false;
    }
    failures_to_skip_ = next_skip_;
    next_skip_ = std::min(longest_skip, next_skip_ * 4);
    successes_ = 0;
    return true;
  }
  /// A spin has not failed.
  void succeeded() {
    if (++successes_ == enough_successes) {
      next_skip_ = shortest_skip;
      failures_to_skip_ = 0;
    }
  }

 private:
  static constexpr int shortest_skip = 1;
  static constexpr int longest_skip = 1024;
  static constexpr int enough_successes = 1000;

  bool is_on_ = false;
  int failures_to_skip_ = 0;
  int next_skip_ = shortest_skip;
  int successes_ = 0;  // since the last move
};

}  // namespace fermata::transport
