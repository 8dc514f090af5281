// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guests/qemu/dropin/command_line.hpp"

namespace fermata::qemu {

/// Where a guest's virtual time comes from.
enum class Way : std::uint8_t {
  instructions,       ///< counted by the one thread that executes them: exact, and the same in every run
  host_time,          ///< the host's, on multi-threaded TCG
  kvm,                ///< the host's, on KVM
  instruction_slices  ///< counted on multi-threaded TCG
};
/// The way in words, for people.
[[nodiscard]] const char* to_string(Way way);

/// What to do with a command line whose clock is to be held.
struct Ruling {
  Way way = Way::instructions;
  std::vector<std::string> additions{};  ///< arguments to be appended
  std::vector<std::string> notes{};      ///< for people: allowed, but worth knowing
};

/// What the one who started it asks for, beyond QEMU's own options; and what the host has.
struct Wishes {
  bool add_missing = false;             ///< what is absent is added, never changed
  bool time_from_instructions = false;  ///< on multi-threaded TCG, too
  std::string no_kvm{};                 ///< why the host's KVM cannot be used, for people; empty if it can
};

/// Applies the protocol's rule: virtual time can be held only if the real-time clock reads it (`-rtc clock=vm`) and it
/// comes from counted instructions with idle time skipped (`-icount N,sleep=off`) or from KVM; and, our extension, from
/// multi-threaded TCG (`-accel tcg,thread=multi`). Of several accelerators (`-accel kvm -accel tcg`) the one counts
/// that QEMU will end up with. Throws base::Error (unsupported) that names the options needed. `program` is QEMU's
/// name: the one of qemu-kvm means KVM.
[[nodiscard]] Ruling judge(const Settings& settings, const std::string& program, const Wishes& wishes);

}  // namespace fermata::qemu
