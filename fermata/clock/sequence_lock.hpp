// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace fermata::clock {

/// Lets readers in any thread see several atomics as one of the writer's states, without a lock: a reader that meets a
/// change reads again. One writer at a time. The data are stored with release and loaded with acquire order, for then
/// no fence is needed.
class SequenceLock {
 public:
  /// What `read` returns, called until no change came in between.
  template <typename Read>
  auto read(Read read_all) const {
    for (;;) {
      const std::uint32_t version = version_.load(std::memory_order_acquire);
      const auto value = read_all();
      if (version % 2 == 0 && version_.load(std::memory_order_relaxed) == version) {
        return value;
      }
    }
  }

  /// Calls `write`, which may not throw.
  template <typename Write>
  void write(Write write_all) {
    version_.fetch_add(1, std::memory_order_acq_rel);
    write_all();
    version_.fetch_add(1, std::memory_order_release);
  }

 private:
  std::atomic<std::uint32_t> version_{0};  // odd during a change
};

}  // namespace fermata::clock
