// SPDX-License-Identifier: MIT
#include "fermata/transport/endpoint.hpp"

#include <utility>

#include "fermata/transport/unix_socket.hpp"

namespace fermata::transport {

std::string Endpoint::fault() const {
  const int given = (socket >= 0 ? 1 : 0) + (path.empty() ? 0 : 1) + (is_memory() ? 1 : 0);
  if (given != 1) {
    return "one of these is needed: fd=N, N being the number of an inherited socket; path=P of a listening socket; "
           "memory=M,life=L, the inherited descriptors of shared memory";
  }
  return is_memory() && (memory < 0 || life_socket < 0) ? "memory=M and life=L go together" : "";
}

OpenedEndpoint open(const Endpoint& endpoint) {
  if (endpoint.is_memory()) {
    return {std::make_unique<SharedMemory>(SharedMemory::adopt(
                {.memory = endpoint.memory, .life_socket = endpoint.life_socket, .side = SharedMemory::Side::b})),
            endpoint.life_socket};
  }
  auto stream = std::make_unique<UnixSocket>(endpoint.path.empty() ? UnixSocket::adopt(endpoint.socket)
                                                                   : UnixSocket::connect(endpoint.path));
  const int descriptor = stream->descriptor();
  return {std::move(stream), descriptor};
}

}  // namespace fermata::transport
