// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "fermata/transport/shared_memory.hpp"
#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// How a guest's program is told of its end of a link: a connected socket, the path of a listening one, or side b of
/// shared memory. Descriptors are inherited ones.
struct Endpoint {
  int socket = -1;
  std::string path{};
  int memory = -1;
  int life_socket = -1;

  [[nodiscard]] bool is_memory() const { return memory >= 0 || life_socket >= 0; }
  /// What is wrong, for people, e.g. "either fd=N is needed ..."; empty if exactly one of the three is whole.
  [[nodiscard]] std::string fault() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An end that was opened, and the descriptor by whose hang-up the peer's end shows; the stream owns it.
struct OpenedEndpoint {
  std::unique_ptr<Stream> stream;
  int hangup = -1;
};

/// Takes the descriptors over, or connects. Throws as UnixSocket and SharedMemory do.
[[nodiscard]] OpenedEndpoint open(const Endpoint& endpoint);

}  // namespace fermata::transport
