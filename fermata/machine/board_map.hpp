// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/bus/window.hpp"

/// Where things stand on the board: addresses and PLIC sources of QEMU's `virt` board for all that it has too, so that
/// one firmware image runs on both. The tick timer is ours, at an address and a source that are free there.
namespace fermata::machine::board_map {

inline constexpr bus::AddressRange rom{.begin = 0x1000, .size = 0xf000};
inline constexpr bus::AddressRange test_finisher{.begin = 0x10'0000, .size = 0x1000};
inline constexpr bus::AddressRange rtc{.begin = 0x10'1000, .size = 0x1000};
inline constexpr bus::AddressRange aclint{.begin = 0x200'0000, .size = 0x1'0000};
inline constexpr bus::AddressRange plic{.begin = 0xc00'0000, .size = 0x60'0000};
inline constexpr bus::AddressRange uart{.begin = 0x1000'0000, .size = 0x100};
inline constexpr bus::AddressRange tick_timer{.begin = 0x1020'0000, .size = 0x1000};
inline constexpr bus::Address ram_begin = 0x8000'0000;

inline constexpr unsigned virtio_slots = 8;
/// Slot 0 to 7.
[[nodiscard]] constexpr bus::AddressRange virtio(unsigned slot) {
  return {.begin = 0x1000'1000 + slot * std::uint64_t{0x1000}, .size = 0x1000};
}

inline constexpr unsigned plic_sources = 95;  ///< numbered from 1
inline constexpr unsigned virtio_source = 1;  ///< of slot 0; the others follow
inline constexpr unsigned uart_source = 10;
inline constexpr unsigned rtc_source = 11;
inline constexpr unsigned tick_timer_source = 12;
inline constexpr unsigned first_external_source = 13;  ///< from here on nothing of the board's own

inline constexpr std::uint64_t timebase_hz = 10'000'000;
inline constexpr std::uint64_t uart_clock_hz = 3'686'400;
inline constexpr unsigned max_harts = 8;

}  // namespace fermata::machine::board_map
