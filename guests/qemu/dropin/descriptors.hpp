// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <set>
#include <string>
#include <vector>

namespace fermata::qemu {

/// The descriptors that a QEMU command line names: `fd=N`, `fds=A:B`, `vhostfd=N`, `sock=N`, `addr.str=N`, `fd:N`,
/// /dev/fd/N, "<&N", and the same in JSON. Rather one too many than one too few.
[[nodiscard]] std::set<int> named_descriptors(const std::vector<std::string>& arguments);

/// Throws base::Error (unsupported) unless `descriptor` is a connected UNIX stream socket open in this process. A peer
/// that has gone already is fine: that is its end, not a wrong descriptor.
void check_link_socket(int descriptor);

/// Has every open descriptor above 2 closed at the next exec, except those in `kept`, which stay open across it. A
/// simulator's child inherits ends of other sockets, its own parent's among them, and would never see them close.
void close_all_but_at_exec(const std::set<int>& kept);

}  // namespace fermata::qemu
