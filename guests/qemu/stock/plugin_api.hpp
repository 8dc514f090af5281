// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/qemu_abi.hpp"

namespace fermata::qemu {

/// The front of QEMU's qemu_info_t, as much of it as has not changed since the interface exists.
struct PluginInfo {
  const char* target_name;
  struct {
    int min;
    int cur;
  } version;
  bool system_emulation;
};

/// Environment variable that overrides the choice below, for a QEMU newer than this agent that takes none of it.
inline constexpr const char* plugin_api_variable = "FERMATA_QEMU_PLUGIN_API";

/// The plugin API version to claim, one that the QEMU of `version` takes. We use nothing of that interface but its two
/// entry points, so any that it takes will do. `override_text` wins where it is a number; may be null.
[[nodiscard]] int plugin_api_for(const QemuVersionTriple& version, const char* override_text);

}  // namespace fermata::qemu
