// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

namespace fermata::qemu {

/// Starts a thread that waits until the peer of the socket `descriptor` has closed or died, or `is_over`, asked ten
/// times a second, says yes, and then calls `gone` once. Should this process still be there a minute later it is
/// killed: nobody waits for it any more. The thread takes no signals, reads nothing, and lives as long as the process.
/// Throws base::Error (host_failure).
void watch_peer(int descriptor, std::function<void()> gone, std::function<bool()> is_over = {});

}  // namespace fermata::qemu
