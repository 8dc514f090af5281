// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <span>

#include "fermata/device/testing/workbench.hpp"

namespace fermata::device::testing {

/// Takes bytes as a guest's doings, for fuzzers and random tests; gives zeros at the end.
class Doings {
 public:
  explicit Doings(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  [[nodiscard]] bool is_over() const { return rest_.empty(); }
  [[nodiscard]] std::uint64_t take(unsigned bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes && !rest_.empty(); ++i) {
      value |= std::uint64_t{rest_.front()} << (8 * i);
      rest_ = rest_.subspan(1);
    }
    return value;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// Does to a device what the bytes say: accesses of every size through the bus, host events, time, save and load. Ends
/// the program if a value is wider than its access or a restored device is not the one that was saved. A rig has a
/// `bench`, a `device`, its `window()`, the `offsets()` that mean something, and `poke(value)` for host events.
template <typename Rig>
void drive_window(Rig& rig, std::span<const std::uint8_t> bytes) {
  constexpr bus::Address window_at = 0x1000'0000;
  rig.bench.space.map({window_at, rig.window_size}, rig.window(), "device");
  const std::span<const bus::Address> offsets = rig.offsets();
  Doings doings(bytes);
  while (!doings.is_over()) {
    const std::uint64_t what = doings.take(1);
    const auto size = 1U << (what >> 3 & 3);
    const bus::Address where = doings.take(2);
    const bus::Address offset = (what & 0x20) != 0 ? where : offsets[where % offsets.size()] + where / 256 % 8;
    switch (what & 7) {
      case 0:
      case 1:
      case 2: static_cast<void>(rig.bench.space.write(window_at + offset, size, doings.take(size))); break;
      case 3:
      case 4: {
        const auto value = rig.bench.space.read(window_at + offset, size);
        if (value && size < 8 && *value >> (8 * size) != 0) {
          std::abort();
        }
        break;
      }
      case 5: rig.bench.run_for(static_cast<std::int64_t>(doings.take(1 + size % 8))); break;
      case 6: rig.poke(where); break;
      default: {
        const auto before = saved_with_timers(rig.bench, rig.device);
        load_with_timers(rig.bench, rig.device, before);
        if (saved_with_timers(rig.bench, rig.device) != before) {
          std::abort();
        }
      }
    }
  }
}

/// Builds a rig, drives it, resets it.
template <typename Rig>
void drive_new(std::span<const std::uint8_t> bytes) {
  Rig rig;
  drive_window(rig, bytes);
  rig.device.reset();
}

}  // namespace fermata::device::testing
