// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fermata/transport/shared_clocks.hpp"
#include "fermata/transport/shared_memory.hpp"
#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// How a guest's program is told of its end of a link: a connected socket, the path of a listening one, or side b of
/// shared memory; with any of them clocks that it shares with other guests. Descriptors are inherited ones.
struct Endpoint {
  int socket = -1;
  std::string path{};
  int memory = -1;
  int life_socket = -1;
  int clocks = -1;  ///< a descriptor
  int clock = -1;   ///< the guest's own of them

  [[nodiscard]] bool is_memory() const { return memory >= 0 || life_socket >= 0; }
  /// Which of the numbers a key names on a command line: fd, memory, life, clocks, clock; null if it names none.
  [[nodiscard]] int* find_number(std::string_view key);
  /// What is wrong, for people, e.g. "either fd=N is needed ..."; empty if exactly one of the three is whole.
  [[nodiscard]] std::string fault() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An end that was opened, and the descriptor by whose hang-up the peer's end shows; the stream owns it.
struct OpenedEndpoint {
  std::unique_ptr<Stream> stream;
  int hangup = -1;
  std::optional<SharedClocks> clocks{};
};

/// Takes the descriptors over, or connects. Throws as UnixSocket, SharedMemory and SharedClocks do.
[[nodiscard]] OpenedEndpoint open(const Endpoint& endpoint);

}  // namespace fermata::transport
