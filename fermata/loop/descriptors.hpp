// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fermata/host/clock.hpp"

namespace fermata::loop {

/// What is called when a descriptor is ready; an empty one means no interest in that. An error or a hang-up counts as
/// readable, or as writable where there is interest in that only: reading or writing then tells.
struct DescriptorHandlers {
  std::function<void()> readable;
  std::function<void()> writable;
};

/// The descriptors that a loop watches, and the wait for them. Handlers run in the order in which their descriptors
/// were first watched, and may watch, change and forget any descriptor, their own included. One thread.
class Descriptors {
 public:
  /// Watches `fd`, or changes the interest in it; without any handler as `forget`. The descriptor stays the caller's
  /// and is forgotten before it is closed.
  void watch(int fd, DescriptorHandlers handlers);
  void forget(int fd);

  /// Waits until a descriptor or `also` is ready or `limit` has passed, for ever without one. Signals may end it early.
  /// True if `also` is readable.
  bool wait(std::optional<host::HostDuration> limit, int also);
  /// Calls the handlers of what the last `wait` has found ready. True if any was called.
  bool run_ready();

 private:
  struct Watch {
    int fd;
    std::shared_ptr<DescriptorHandlers> handlers;  // shared with a call in progress; another object at each change
  };

  [[nodiscard]] std::vector<Watch>::iterator find(int fd);
  bool call(const Watch& watch, std::function<void()> DescriptorHandlers::*handler);

  std::vector<Watch> watches_;
  std::vector<pollfd> polled_;
  std::vector<std::pair<Watch, short>> ready_;
};

}  // namespace fermata::loop
