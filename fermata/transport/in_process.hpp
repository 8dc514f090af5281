// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// A connected pair of ends within one process, each of which has a thread of its own. For one thread: DirectStream.
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

 private:
  struct Direction;
  InProcessStream(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out);

  std::shared_ptr<Direction> in_;
  std::shared_ptr<Direction> out_;
};

}  // namespace fermata::transport
