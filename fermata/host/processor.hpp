// SPDX-License-Identifier: MIT
#pragma once

namespace fermata::host {

/// The processor on which the calling thread runs, from 0 on; it may be another by the time one looks. -1 if the host
/// does not tell. No system call.
[[nodiscard]] int current_processor();

/// Has the calling thread run elsewhere than on `processor`, if it is there and may run anywhere else. True if it was
/// moved. Its affinity is what it was afterwards, but set: Linux 6.2 and later keep a mask that was set within a cpuset
/// that grows, and what another process sets in between is undone. Some system calls.
bool move_off(int processor);

}  // namespace fermata::host
