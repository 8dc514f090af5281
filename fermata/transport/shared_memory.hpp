// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "fermata/transport/stream.hpp"

namespace fermata::transport {

/// A stream through two rings in sealed memory that two processes share (docs/protocol/shared-memory.md). As long as
/// bytes flow and room is left no call enters the kernel. Waits spin for a moment where that pays, then sleep.
///
/// A pair of connected sockets goes with it, over which nothing is sent: its hang-up tells that the peer died, within
/// some milliseconds of any wait. A dead peer shows when there is nothing left to read or no room to write. The peer
/// is not trusted: one that breaks the rules of the rings makes the call that finds out throw base::Error
/// (protocol_violation) and close this end.
class SharedMemory final : public Stream {
 public:
  /// Of each direction, in bytes, of which 60 of 64 carry the stream's: the rings' size unless told otherwise.
  static constexpr std::size_t default_capacity = std::size_t{64} * 1024;

  /// Which of the two ends. They differ in nothing else.
  enum class Side : std::uint8_t { a = 0, b = 1 };

  /// What makes an end: all that a process needs in order to adopt it.
  struct Descriptors {
    int memory = -1;       ///< the memory, the same for both ends
    int life_socket = -1;  ///< this end of the socket pair
    Side side = Side::a;
  };

  /// Two connected ends, a and b; neither is inherited by programs that this process starts. `capacity` of each
  /// direction in bytes: a power of two from 64 to 16 MiB, else base::BadArgument.
  [[nodiscard]] static std::pair<SharedMemory, SharedMemory> make_pair(std::size_t capacity = default_capacity);
  /// Takes over the descriptors of an end that another process made, or this one detached; their flags stay as they
  /// are. Throws base::Error (unsupported), and leaves them to the caller, if they are not of such a stream, if its
  /// memory could shrink, or if this side was closed; the sentence names the number. An end may be adopted once.
  [[nodiscard]] static SharedMemory adopt(const Descriptors& descriptors);

  ~SharedMemory() override;
  SharedMemory(SharedMemory&&) noexcept;
  SharedMemory& operator=(SharedMemory&&) = delete;

  [[nodiscard]] IoResult read(std::span<std::byte> into, host::HostDuration wait) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) override;
  void close() override;

  /// Lets a wait that has spun in vain move its thread off the processor on which the peer slept last (host::move_off):
  /// who sleeps is often woken where its waker runs, and cannot answer while that spins there. Off unless said.
  void keep_apart();

  /// Lets go of this end without closing it: after a fork, or once a program was started with its descriptors, each
  /// process detaches what the other one is to use. Afterwards as closed. A process that keeps a copy of its peer's
  /// end would never see the peer die.
  void detach();
  /// To be handed to a program; still owned by this object. Numbers are -1 once closed.
  [[nodiscard]] Descriptors descriptors() const;

 private:
  class End;
  explicit SharedMemory(std::unique_ptr<End> end);

  std::unique_ptr<End> end_;  // none once closed
};

}  // namespace fermata::transport
