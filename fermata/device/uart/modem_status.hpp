// SPDX-License-Identifier: MIT
#pragma once

#include "fermata/device/uart/bits.hpp"

namespace fermata::device::uart {

/// The modem status after the modem control has become `control`: in loopback the outputs are the inputs, else somebody
/// is always there. Changes of the inputs are added to the deltas in `old` (PC16550D, section 8.7).
[[nodiscard]] constexpr std::uint32_t modem_status(std::uint32_t control, std::uint32_t old) {
  std::uint32_t inputs = msr_dcd | msr_dsr | msr_cts;
  if ((control & mcr_loop) != 0) {
    inputs = ((control & mcr_rts) != 0 ? msr_cts : 0) | ((control & mcr_dtr) != 0 ? msr_dsr : 0) |
             ((control & mcr_out1) != 0 ? msr_ri : 0) | ((control & mcr_out2) != 0 ? msr_dcd : 0);
  }
  std::uint32_t deltas = (inputs ^ old) >> 4;
  if ((inputs & msr_ri) != 0) {
    deltas &= ~msr_ring_ended;  // of a ring only the end counts
  }
  return inputs | (old & msr_deltas) | deltas;
}

}  // namespace fermata::device::uart
