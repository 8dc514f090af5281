// SPDX-License-Identifier: MIT
#include "bench/handshake_peers.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

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
  std::array<std::byte, 64> buffer{};
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

}  // namespace fermata::bench
