// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "fermata/host/clock.hpp"

namespace fermata::transport {

/// What a read or write achieved.
struct IoResult {
  std::size_t count = 0;  ///< bytes moved; 0 if the wait ended first
  bool is_end = false;    ///< the peer has closed or died: nothing more will ever move

  friend bool operator==(const IoResult&, const IoResult&) = default;
};

/// One end of a connected, reliable, ordered byte stream in both directions. What the peer wrote before it closed can
/// still be read. One thread at a time for each end; the two ends are independent. Failures of the host that are not
/// the peer's end throw base::Error (host_failure).
class Stream {
 public:
  virtual ~Stream() = default;

  /// Reads at least one byte into `into` if any comes within `wait` (zero: only what is there), at most all of it.
  [[nodiscard]] virtual IoResult read(std::span<std::byte> into, host::HostDuration wait) = 0;
  /// Writes at least one byte of `bytes` if there is room within `wait`.
  [[nodiscard]] virtual IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) = 0;
  /// Closes this end; the peer sees the end of the stream. Again is harmless; reads and writes afterwards give
  /// `is_end`.
  virtual void close() = 0;
};

}  // namespace fermata::transport
