// SPDX-License-Identifier: MIT
#include "bench/handshake_peers.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "fermata/base/error.hpp"

namespace fermata::bench {
namespace {

constexpr host::HostDuration wait_limit = std::chrono::seconds(60);

}  // namespace

void InstantGuest::serve_to_the_end() {
  while (!follower_.has_left()) {
    follower_.serve(wait_limit);
  }
}

void echo_to_the_end(transport::Stream& stream) {
  std::array<std::byte, longest_echo> buffer{};
  for (;;) {
    const transport::IoResult got = stream.read(buffer, wait_limit);
    std::span<const std::byte> rest = std::span(buffer).first(got.count);
    while (!rest.empty()) {
      const transport::IoResult put = stream.write(rest, wait_limit);
      if (put.is_end) {
        return;
      }
      rest = rest.subspan(put.count);
    }
    if (got.is_end) {
      return;
    }
  }
}

ProcessPeer::ProcessPeer(const std::function<void()>& peer) : pid_(::fork()) {
  if (pid_ < 0) {
    throw base::host_error("fork the benchmark's peer", errno);
  }
  if (pid_ == 0) {
    peer();
    ::_exit(0);
  }
}

ProcessPeer::~ProcessPeer() { ::waitpid(pid_, nullptr, 0); }

BusyCores::BusyCores(bool wanted) {
  const unsigned count = wanted ? std::max(1U, std::thread::hardware_concurrency()) : 0;
  for (unsigned i = 0; i < count; ++i) {
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
      throw base::host_error("fork a process that keeps a core busy", errno);
    }
    if (pid == 0) {
      for (volatile bool has_parent = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent; has_parent;) {
      }
      ::_exit(0);
    }
    pids_.push_back(pid);
  }
}

BusyCores::~BusyCores() {
  for (const pid_t pid : pids_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

}  // namespace fermata::bench
