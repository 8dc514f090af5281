// SPDX-License-Identifier: MIT
#pragma once

namespace fermata::host {

/// The processor on which the calling thread runs, from 0 on; it may be another by the time one looks. -1 if the host
/// does not tell. No system call.
[[nodiscard]] int current_processor();

/// Has the calling thread run elsewhere than on `processor`, if it is there and may run anywhere else; its affinity
/// is the same afterwards. True if it was moved. Some system calls.
bool move_off(int processor);

}  // namespace fermata::host
