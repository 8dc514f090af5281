// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// A connected pair of ends that are both used by one thread at a time, as a guest in the simulator's own process has
/// it: a write calls the peer, which reads and answers before it returns. No locks, no atomics: a small message costs
/// some nanoseconds. For two threads: InProcessStream.
class DirectStream final : public Stream {
 public:
  static constexpr std::size_t default_capacity = std::size_t{64} * 1024;

  /// `capacity`: bytes that fit into each direction. Memory is taken as it is used.
  [[nodiscard]] static std::pair<DirectStream, DirectStream> make_pair(std::size_t capacity = default_capacity);
  ~DirectStream() override;
  DirectStream(DirectStream&& other) noexcept;
  DirectStream& operator=(DirectStream&&) = delete;

  /// Nobody can write meanwhile: where there is nothing to read, or no room, `wait` is slept through.
  [[nodiscard]] IoResult read(std::span<std::byte> into, host::HostDuration wait) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) override;
  void close() override;

  /// Has `handler` called after each write and the close of the peer, within it: it may read and write this end, and
  /// destroy the peer's. Set before the peer's first write; it must not throw.
  void set_readable_handler(std::function<void()> handler);

 private:
  struct Direction;
  struct Shared;
  class Use;
  DirectStream(Shared& shared, Direction& in, Direction& out);

  Shared* shared_;  // null once moved from
  Direction* in_;
  Direction* out_;
};

}  // namespace fermata::transport
