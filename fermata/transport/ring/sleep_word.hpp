// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/host/clock.hpp"
#include "fermata/transport/ring/layout.hpp"

namespace fermata::transport::ring {

/// A side's word `asleep`, by which its peer knows whether it has to be woken: one side announces and sleeps, the
/// other wakes. The order that loses no wake-up is in the source. A wrong value in the word costs a sleep or a call
/// too many, never more than the length of a sleep. The word must outlive this.
class SleepWord {
 public:
  explicit SleepWord(std::atomic<std::uint32_t>& word) : word_(&word) {}

  /// The owner: says what it is going to wait for. It must then look once more before it waits.
  void announce(WaitsFor what) { word_->store(static_cast<std::uint32_t>(what)); }
  /// The owner: sleeps until woken or `length` has passed, or not at all if the peer has answered the announcement
  /// already. May end early. Throws base::Error (host_failure).
  void wait(WaitsFor what, host::HostDuration length) const;
  /// The owner: takes an announcement back.
  void withdraw() { word_->store(static_cast<std::uint32_t>(WaitsFor::nothing), std::memory_order_relaxed); }

  /// The peer, after it has published what the owner may be waiting for: a system call only if it is asleep for that.
  void wake(WaitsFor what) {
    if (word_->load() == static_cast<std::uint32_t>(what)) {
      wake_sleeper(what);
    }
  }
  /// The peer, after its close: wakes the owner whatever it waits for.
  void wake_always();

 private:
  void wake_sleeper(WaitsFor what);

  std::atomic<std::uint32_t>* word_;
};

}  // namespace fermata::transport::ring
