// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fermata/time/instant.hpp"

namespace fermata::firmware_test {

/// Bytes that a guest sent, and when: exactly, or the instant of the report after them, as the emulator knows it.
struct Output {
  time::Instant at;
  std::string bytes;
};

/// An emulated computer with a serial port, in lockstep: what a Terminal needs of it. One thread at a time.
class Emulator {
 public:
  virtual ~Emulator() = default;

  /// Lets it run for `span` and returns what it sent, in order. Throws base::Error: peer_gone once it has ended.
  virtual std::vector<Output> advance(time::Duration span) = 0;
  [[nodiscard]] virtual time::Instant now() const = 0;
  /// Puts `bytes` into the serial port, all of them before the next `advance`. Throws base::Error if it does not take
  /// them.
  virtual void send(std::string_view bytes) = 0;
  /// How it ended: 0 for a power-off. To be called once `advance` has said that it did.
  [[nodiscard]] virtual int exit_status() = 0;
};

}  // namespace fermata::firmware_test
