// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/firmware/emulator.hpp"

namespace fermata::firmware_test {

/// OpenSBI and U-Boot as Debian packages them.
struct UbootFiles {
  std::string firmware;  ///< OpenSBI, which starts what it is told to in supervisor mode
  std::string kernel;    ///< U-Boot, built to run there
};
/// Where Debian's packages opensbi and u-boot-qemu put them; nothing if they are not installed.
[[nodiscard]] std::optional<UbootFiles> find_uboot();
/// What to do about that.
inline constexpr const char* how_to_have_uboot = "install the packages opensbi and u-boot-qemu";

/// What came of a conversation with U-Boot.
struct UbootRun {
  std::string version;   ///< the answer to `version`
  std::string bdinfo;    ///< the answer to `bdinfo`
  time::Instant prompt;  ///< when the first prompt was there
  time::Duration sleep;  ///< from the echo of `sleep 2` to the prompt after it
  int exit_status = 0;   ///< after `poweroff`
  std::string transcript;
  std::string stamped_transcript;
};
/// Interrupts the automatic boot, runs `version`, `bdinfo`, `sleep 2` and `poweroff`. Throws if an answer does not
/// come.
[[nodiscard]] UbootRun talk_to_uboot(Emulator& emulator, time::Duration quantum = time::Duration::milliseconds(1));

}  // namespace fermata::firmware_test
