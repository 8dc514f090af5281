// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

namespace fermata::qemu::link {

/// True if `waiting` is whole messages of link v1 (docs/protocol.md), the last of them a BYE: what has been sent to a
/// guest that runs towards a far horizon and reads nothing until it is there.
[[nodiscard]] bool ends_with_goodbye(std::span<const std::byte> waiting);

/// The same of what waits in a socket; it stays there. Any thread.
[[nodiscard]] bool has_goodbye(int socket);

}  // namespace fermata::qemu::link
