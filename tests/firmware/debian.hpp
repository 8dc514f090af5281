// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "tests/firmware/emulator.hpp"

namespace fermata::firmware_test {

/// Debian 13's stock kernel for riscv64 with a busybox shell on the console, started by OpenSBI.
struct DebianFiles {
  std::string firmware;
  std::string kernel;
  std::string initrd;
  std::string append;  ///< the kernel's command line
};
/// What debian/make-debian made and the package opensbi holds; nothing if they are not there.
[[nodiscard]] std::optional<DebianFiles> find_debian();
/// What to do about that.
inline constexpr const char* how_to_have_debian =
    "build the target firmware_debian, which fetches it, and install the package opensbi";

/// The time of day with which the tests' machines start: 2026-01-01T00:00:00Z, in seconds since 1970.
inline constexpr std::int64_t start_of_2026_s = 1'767'225'600;

/// What came of a conversation with its shell.
struct DebianRun {
  time::Instant prompt;    ///< when the shell's first prompt was there
  time::Duration sleep;    ///< from the end of typing `sleep 5` to the prompt after it
  time::Instant dated;     ///< when `date` was answered
  std::string date;        ///< the answer: seconds since 1970
  std::string interrupts;  ///< /proc/interrupts
  std::string processors;  ///< the answer to `nproc`
  int exit_status = 0;     ///< after `poweroff -f`
  std::string transcript;
  std::string stamped_transcript;
};
/// Boots it, runs `sleep 5`, `date`, `cat /proc/interrupts`, `nproc` and `poweroff -f`. Throws if an answer does not
/// come.
[[nodiscard]] DebianRun talk_to_debian(Emulator& emulator);

/// What came of three pings to 10.0.0.1 from a machine with a network card.
struct PingRun {
  std::string driver;  ///< the answers to loading it
  std::string link;    ///< the answer to `ip link show eth0`
  std::string ping;    ///< the answer to `ping`
  std::string stamped_transcript;
};
/// Boots it, loads its driver of virtio network cards, brings eth0 up as 10.0.0.2 and pings.
[[nodiscard]] PingRun ping_from_debian(Emulator& emulator);

}  // namespace fermata::firmware_test
