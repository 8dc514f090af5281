// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

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

/// A message that echo_to_the_end answers in one piece has at most so many bytes.
inline constexpr std::size_t longest_echo = 64;

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

/// Keeps every core of the host busy with a process of its own, as other people's programs do, while it lives.
class BusyCores {
 public:
  /// Does nothing if not `wanted`.
  explicit BusyCores(bool wanted);
  ~BusyCores();
  BusyCores(const BusyCores&) = delete;
  BusyCores& operator=(const BusyCores&) = delete;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace fermata::bench
