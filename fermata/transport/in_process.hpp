// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// A connected pair of ends within one process: for tests, and for a guest that lives in the simulator's process. The
/// two ends may be used from two threads, or both from one: then `set_readable_handler` lets the peer act within a
/// write.
class InProcessStream final : public Stream {
 public:
  static constexpr std::size_t default_capacity = std::size_t{64} * 1024;

  /// `capacity`: bytes that fit into each direction before a writer has to wait. Memory is taken as it is used.
  [[nodiscard]] static std::pair<InProcessStream, InProcessStream> make_pair(std::size_t capacity = default_capacity);
  ~InProcessStream() override;
  InProcessStream(InProcessStream&&) noexcept = default;
  InProcessStream& operator=(InProcessStream&&) = delete;

  [[nodiscard]] IoResult read(std::span<std::byte> into, host::HostDuration wait) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) override;
  void close() override;

  /// Has `handler` called after each write and the close of the peer, in the peer's thread and with no lock held: it
  /// may read and write this end. Set before the peer's first write; it must not throw.
  void set_readable_handler(std::function<void()> handler);

 private:
  struct Direction;
  InProcessStream(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out);

  std::shared_ptr<Direction> in_;
  std::shared_ptr<Direction> out_;
};

}  // namespace fermata::transport
