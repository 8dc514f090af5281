// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guests/qemu/dropin/command_line.hpp"

namespace fermata::qemu {

/// What to do with a command line whose clock is to be held.
struct Ruling {
  std::vector<std::string> additions{};  ///< arguments to be appended
  std::vector<std::string> notes{};      ///< for people: allowed, but worth knowing
};

/// Applies the protocol's rule: virtual time can be held only if the real-time clock reads it (`-rtc clock=vm`) and it
/// comes from counted instructions with idle time skipped (`-icount N,sleep=off`). With `add_missing` what is absent
/// is added, never changed. Throws base::Error (unsupported) that names the options needed. `program` is QEMU's name:
/// the one of qemu-kvm means KVM.
[[nodiscard]] Ruling judge(const Settings& settings, const std::string& program, bool add_missing);

}  // namespace fermata::qemu
