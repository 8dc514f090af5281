// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/host/unique_fd.hpp"

namespace fermata::loop {

/// How other threads end a loop's wait. The sleeper calls `begin_sleep`, then looks at what it would wait for, waits
/// for `descriptor` to be readable among other things, and calls `end_sleep`. Who calls `nudge` after changing
/// something that the sleeper looks at, or `wake`, is never missed; both cost a system call only while it sleeps.
class Wakeup {
 public:
  /// Throws base::Error (host_failure) if the host has no descriptor left.
  Wakeup();

  /// False if `wake` was called since the last `end_sleep`: do not wait.
  [[nodiscard]] bool begin_sleep();
  /// `is_signalled`: the descriptor was found readable.
  void end_sleep(bool is_signalled);
  [[nodiscard]] int descriptor() const { return event_.get(); }

  /// Ends the present or the next wait. Any thread.
  void wake();
  /// Ends the present wait, so that what was looked at before it is looked at anew. Any thread.
  void nudge();

 private:
  static constexpr std::uint32_t is_sleeping = 1;
  static constexpr std::uint32_t is_woken = 2;

  void signal();

  // Changed by read-modify-write only: whoever is second in its order has seen all that the first did before.
  std::atomic<std::uint32_t> state_{0};
  host::UniqueFd event_;
};

}  // namespace fermata::loop
