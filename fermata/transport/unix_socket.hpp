// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "fermata/host/adaptive_spin.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// A connected UNIX stream socket. Never raises SIGPIPE. Waits spin for a moment where that pays, then sleep in poll.
class UnixSocket final : public Stream {
 public:
  /// Two connected ends; neither is inherited by programs that this process starts.
  [[nodiscard]] static std::pair<UnixSocket, UnixSocket> make_pair();
  /// Takes over an open descriptor. Throws base::Error (unsupported) if it is no connected stream socket; the sentence
  /// names the number. The descriptor's flags stay as they are.
  [[nodiscard]] static UnixSocket adopt(int descriptor);
  /// Connects to the listening socket at `path`. Throws base::Error: not_found, host_failure; base::BadArgument for a
  /// path that is too long for a socket's.
  [[nodiscard]] static UnixSocket connect(const std::string& path);

  [[nodiscard]] IoResult read(std::span<std::byte> into, host::HostDuration wait) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) override;
  void close() override { fd_.reset(); }

  /// The number, -1 once closed; still owned by this object.
  [[nodiscard]] int descriptor() const { return fd_.get(); }

 private:
  explicit UnixSocket(host::UniqueFd fd) : fd_(std::move(fd)) {}

  host::UniqueFd fd_;
  host::AdaptiveSpin spin_;
};

}  // namespace fermata::transport
