// SPDX-License-Identifier: MIT
#pragma once

#include "fermata/device/uart/bits.hpp"

namespace fermata::device::uart {

/// What there is to tell the guest of.
struct Causes {
  bool is_line_status = false;
  bool is_timeout = false;
  bool is_received = false;
  bool is_transmit = false;
  bool is_modem_status = false;
};

/// The interrupt identification, without its FIFO bits: the cause of highest priority that is enabled (PC16550D, table
/// IV; of timeout and received data, which share a level, the timeout, as in QEMU).
[[nodiscard]] constexpr std::uint32_t interrupt_id(const Causes& causes, std::uint32_t enabled) {
  if ((enabled & ier_line_status) != 0 && causes.is_line_status) {
    return iir_line_status;
  }
  if ((enabled & ier_received) != 0 && (causes.is_timeout || causes.is_received)) {
    return causes.is_timeout ? iir_timeout : iir_received;
  }
  if ((enabled & ier_transmit) != 0 && causes.is_transmit) {
    return iir_transmit;
  }
  if ((enabled & ier_modem_status) != 0 && causes.is_modem_status) {
    return iir_modem_status;
  }
  return iir_none;
}

}  // namespace fermata::device::uart
