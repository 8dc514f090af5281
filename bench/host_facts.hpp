// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace fermata::bench {

/// The processor's model, how many this process may use, and the kernel's release: figures mean little without.
[[nodiscard]] std::string describe_host();
/// The load averages over 1, 5 and 15 minutes, as /proc/loadavg tells them.
[[nodiscard]] std::string describe_load();

}  // namespace fermata::bench
