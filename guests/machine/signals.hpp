// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "fermata/host/unique_fd.hpp"
#include "fermata/loop/event_loop.hpp"

namespace fermata::machine_program {

/// The signals that a user or a simulator sends to the program, as calls from its loop: SIGINT, SIGTERM and SIGHUP end
/// it, SIGUSR1 asks for the drift report. SIGPIPE is ignored. The signals stay blocked.
class Signals {
 public:
  /// Keeps the signals for later, from here on: before any thread is made.
  static void hold_back();

  /// `loop` outlives it. Throws base::Error (host_failure).
  Signals(loop::EventLoop& loop, std::function<void()> end, std::function<void()> report);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void take();

  loop::EventLoop& loop_;
  std::function<void()> end_;
  std::function<void()> report_;
  host::UniqueFd fd_;
};

}  // namespace fermata::machine_program
