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
  if (is_memory() && (memory < 0 || life_socket < 0)) {
    return "memory=M and life=L go together";
  }
  return (clocks < 0) != (clock < 0) ? "clocks=C, the descriptor of shared clocks, and clock=I, which of them is the "
                                       "guest's, go together"
                                     : "";
}

int* Endpoint::find_number(std::string_view key) {
  return key == "fd"       ? &socket
         : key == "memory" ? &memory
         : key == "life"   ? &life_socket
         : key == "clocks" ? &clocks
         : key == "clock"  ? &clock
                           : nullptr;
}

namespace {

OpenedEndpoint open_stream(const Endpoint& endpoint) {
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

}  // namespace

OpenedEndpoint open(const Endpoint& endpoint) {
  OpenedEndpoint opened = open_stream(endpoint);
  if (endpoint.clocks >= 0) {
    opened.clocks.emplace(SharedClocks::adopt(endpoint.clocks));
  }
  return opened;
}

}  // namespace fermata::transport
