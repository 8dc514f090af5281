// SPDX-License-Identifier: GPL-2.0-or-later
//
// The shapes of QEMU's own functions and structures that the agent touches, written down from their documented meaning.
// None is trusted before its behaviour was checked: see symbols.hpp and probes.cpp. docs/qemu-compatibility.md says for
// each why it is used and which official call would replace it.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct QemuCpu;  // a vCPU; only ever passed back

// A registered notification. The layout is ours to allocate and QEMU's to link.
struct QemuNotifier {
  void (*notify)(QemuNotifier* self, void* data);
  void* link[2];
};

struct QemuVersionTriple {
  std::int64_t major;
  std::int64_t minor;
  std::int64_t micro;
};

struct QemuVersionInfo {
  QemuVersionTriple* qemu;
  char* package;
};

}  // extern "C"

namespace fermata::qemu {

/// QEMUClockType of the virtual clock.
inline constexpr int virtual_clock = 1;
/// Every timer attribute, as qemu_clock_deadline_ns_all takes it: timers of all kinds count.
inline constexpr int any_timer = ~0;

/// A QEMUTimer lives here; QEMU's is 48 bytes, only its own functions look inside.
struct alignas(64) QemuTimerStorage {
  std::byte bytes[256];  // NOLINT(cppcoreguidelines-avoid-c-arrays): plain storage
};

}  // namespace fermata::qemu
