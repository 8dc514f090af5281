// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fermata/host/clock.hpp"

namespace fermata::bench {

/// An emulator of the riscv64 virt board, to be compared with another one.
struct Emulator {
  std::string name;     ///< what a table calls it
  std::string program;  ///< path of a qemu-system-riscv64 or a fermata-machine
};

/// What one run of a bench guest gave.
struct GuestRun {
  host::HostDuration took{};       ///< from the start of the emulator's process to its end
  std::uint64_t result = 0;        ///< what the guest computed, the same on every emulator
  std::uint64_t instructions = 0;  ///< what the guest's minstret counted (QEMU 7.2 has nanoseconds there)
};

/// Runs tests/guests/riscv64/bench_GUEST at full speed for `rounds`, 8 ns per instruction. Throws base::Error if it
/// does not end well or prints something else.
[[nodiscard]] GuestRun run_guest(const Emulator& emulator, const std::string& guest, std::uint64_t rounds);

}  // namespace fermata::bench
