// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// Bits in the registers of a 16550 (PC16550D data sheet, table II).
namespace fermata::device::uart {

inline constexpr std::uint32_t ier_received = 1U << 0;
inline constexpr std::uint32_t ier_transmit = 1U << 1;
inline constexpr std::uint32_t ier_line_status = 1U << 2;
inline constexpr std::uint32_t ier_modem_status = 1U << 3;

inline constexpr std::uint32_t iir_none = 0x1;
inline constexpr std::uint32_t iir_modem_status = 0x0;
inline constexpr std::uint32_t iir_transmit = 0x2;
inline constexpr std::uint32_t iir_received = 0x4;
inline constexpr std::uint32_t iir_line_status = 0x6;
inline constexpr std::uint32_t iir_timeout = 0xc;
inline constexpr std::uint32_t iir_fifos = 0xc0;

inline constexpr std::uint32_t fcr_enable = 1U << 0;
inline constexpr std::uint32_t fcr_reset_receiver = 1U << 1;
inline constexpr std::uint32_t fcr_reset_transmitter = 1U << 2;
inline constexpr std::uint32_t fcr_kept = 0xc9;

inline constexpr std::uint32_t lcr_divisor_latch = 1U << 7;
inline constexpr std::uint32_t lcr_break = 1U << 6;
inline constexpr std::uint32_t lcr_parity = 1U << 3;
inline constexpr std::uint32_t lcr_long_stop = 1U << 2;

inline constexpr std::uint32_t mcr_loop = 1U << 4;
inline constexpr std::uint32_t mcr_out2 = 1U << 3;
inline constexpr std::uint32_t mcr_out1 = 1U << 2;
inline constexpr std::uint32_t mcr_rts = 1U << 1;
inline constexpr std::uint32_t mcr_dtr = 1U << 0;
inline constexpr std::uint32_t mcr_kept = 0x1f;

inline constexpr std::uint32_t lsr_ready = 1U << 0;
inline constexpr std::uint32_t lsr_overrun = 1U << 1;
inline constexpr std::uint32_t lsr_break = 1U << 4;
inline constexpr std::uint32_t lsr_holding_empty = 1U << 5;
inline constexpr std::uint32_t lsr_empty = 1U << 6;
inline constexpr std::uint32_t lsr_error_in_fifo = 1U << 7;
inline constexpr std::uint32_t lsr_interrupting = 0x1e;  // overrun, parity, framing, break: cleared by a read

inline constexpr std::uint32_t msr_dcd = 1U << 7;
inline constexpr std::uint32_t msr_ri = 1U << 6;
inline constexpr std::uint32_t msr_dsr = 1U << 5;
inline constexpr std::uint32_t msr_cts = 1U << 4;
inline constexpr std::uint32_t msr_deltas = 0x0f;
inline constexpr std::uint32_t msr_ring_ended = 1U << 2;

}  // namespace fermata::device::uart
