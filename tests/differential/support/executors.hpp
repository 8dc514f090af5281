// SPDX-License-Identifier: MIT
//
// The two that execute an image.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/differential/support/image.hpp"
#include "tests/differential/support/memory.hpp"

namespace fermata::differential {

struct HartRun {
  Memory memory;
  std::uint64_t retired = 0;  ///< instructions of the random code
  bool is_finished = false;   ///< it reached the end, and did not get lost
};
/// On fermata::riscv::Hart, with memory and the test finisher and nothing else.
[[nodiscard]] HartRun run_on_hart(const Image& image);

/// On a stock QEMU's `virt` board, whose memory is a file. Nothing if it does not end with success.
[[nodiscard]] std::optional<Memory> run_on_qemu(const Image& image, const std::string& program);

}  // namespace fermata::differential
