// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <thread>

#include "fermata/guest/executor.hpp"
#include "fermata/guest/follower.hpp"
#include "fermata/transport/stream.hpp"
#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::bench {

/// A machine without guest code: it stands at its horizon as soon as it is resumed.
class InstantExecutor final : public guest::Executor {
 public:
  void set_observer(Observer& observer) { observer_ = &observer; }
  void resume_until(time::Instant horizon) override { observer_->stopped({.now = horizon}); }
  void leave(const wire::Leave& /*order*/) override {}

 private:
  Observer* observer_ = nullptr;
};

/// The library's whole guest's end around an InstantExecutor, on one end of a link.
class InstantGuest {
 public:
  explicit InstantGuest(transport::Stream& stream) : follower_(session_, stream, executor_) {
    executor_.set_observer(follower_);
  }

  /// Obeys one grant or the end of the link, waiting at most `wait` for it.
  void serve(host::HostDuration wait) { follower_.serve(wait); }
  /// Serves until the simulator's end is closed.
  void serve_to_the_end();

 private:
  wire::QqqGuestSession session_;
  InstantExecutor executor_;
  guest::Follower follower_;
};

/// Sends each byte back until the other end is closed: a hand-shake without the library's protocol code.
void echo_to_the_end(transport::Stream& stream);

/// Runs the peer of a benchmark in a thread or a process of its own. The peer must end by itself (close the link
/// first); the destructor waits for it.
class ThreadPeer {
 public:
  explicit ThreadPeer(std::function<void()> peer) : thread_(std::move(peer)) {}

 private:
  std::jthread thread_;
};

class ProcessPeer {
 public:
  /// Forks; `peer` runs in the child, which exits after it.
  explicit ProcessPeer(const std::function<void()>& peer);
  ~ProcessPeer();
  ProcessPeer(const ProcessPeer&) = delete;
  ProcessPeer& operator=(const ProcessPeer&) = delete;

 private:
  pid_t pid_;
};

}  // namespace fermata::bench
