// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "fermata/device/aclint.hpp"
#include "fermata/device/goldfish_rtc.hpp"
#include "fermata/device/plic.hpp"
#include "fermata/device/test_finisher.hpp"
#include "fermata/device/testing/window_driver.hpp"
#include "fermata/device/tick_timer.hpp"
#include "fermata/device/uart_16550.hpp"

/// One rig for each device, for `drive_window`.
namespace fermata::device::testing {

struct TickTimerRig {
  static constexpr std::uint64_t window_size = TickTimer::window_size;
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() {
    static constexpr std::array<bus::Address, 5> all = {0x00, 0x04, 0x08, 0x0c, 0x10};
    return all;
  }
  void poke(std::uint64_t ns) { bench.pass(static_cast<std::int64_t>(ns)); }

  Workbench bench;
  TickTimer device{{.frequency = time::Frequency(7'000'000, 3), .speed = {}}, bench.ports()};
};

struct AclintRig {
  static constexpr std::uint64_t window_size = Aclint::window_size;
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() {
    static constexpr std::array<bus::Address, 6> all = {0x0, 0x4, 0x4000, 0x4008, 0xbff8, 0xbffc};
    return all;
  }
  void poke(std::uint64_t ns) { bench.pass(static_cast<std::int64_t>(ns)); }

  Workbench bench;
  bus::IrqLine lines[4];
  Aclint device{{}, bench.ports(), {{&lines[0], &lines[1]}, {&lines[2], &lines[3]}}};
};

struct PlicRig {
  static constexpr std::uint64_t window_size = Plic::window_size;
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() {
    static constexpr std::array<bus::Address, 12> all = {0x4,    0x17c,  0x1000,   0x1008,   0x2000,   0x2008,
                                                         0x2080, 0x2104, 0x200000, 0x200004, 0x201004, 0x203000};
    return all;
  }
  void poke(std::uint64_t value) {
    device.set_source(1 + static_cast<unsigned>(value >> 1) % Plic::source_count, (value & 1) != 0);
  }

  Workbench bench;
  bus::IrqLine lines[4];
  Plic device{{}, bench.ports(), {{&lines[0], &lines[1]}, {&lines[2], &lines[3]}}};
};

/// Half the time rate limited.
template <bool is_rate_limited>
struct UartRig {
  static constexpr std::uint64_t window_size = Uart16550::window_size;
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() {
    static constexpr std::array<bus::Address, 1> all = {0x0};
    return all;
  }
  void poke(std::uint64_t value) {
    if (value % 16 == 0) {
      static_cast<void>(device.receive_break());
    } else {
      const std::array<std::byte, 16> bytes{};
      static_cast<void>(device.receive(std::span(bytes).first(value % 16)));
    }
  }

  Workbench bench;
  FarEnd far_end;
  Uart16550 device{{.is_rate_limited = is_rate_limited}, bench.ports(), &far_end};
};

struct GoldfishRtcRig {
  static constexpr std::uint64_t window_size = GoldfishRtc::window_size;
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() {
    static constexpr std::array<bus::Address, 8> all = {0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c};
    return all;
  }
  void poke(std::uint64_t ns) { bench.pass(static_cast<std::int64_t>(ns)); }

  Workbench bench;
  GoldfishRtc device{{.offset_ns = 1'700'000'000'000'000'000}, bench.ports()};
};

struct TestFinisherRig {
  static constexpr std::uint64_t window_size = TestFinisher::window_size;
  [[nodiscard]] bus::Window& window() { return device; }
  [[nodiscard]] static std::span<const bus::Address> offsets() {
    static constexpr std::array<bus::Address, 1> all = {0x0};
    return all;
  }
  void poke(std::uint64_t value) { window().write(0, 4, value << 16 | 0x3333); }

  Workbench bench;
  TestFinisher device{{}, bench.ports(), [](const Finish&) {}};
};

}  // namespace fermata::device::testing
