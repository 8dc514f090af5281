// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace fermata::host {

/// Has the calling thread wake up when it asked to: least timer slack, and real-time priority (SCHED_FIFO, the lowest)
/// where the host allows it. Returns why it may be late, for people and with what to do about it; empty if it should
/// not be.
[[nodiscard]] std::string make_punctual();

}  // namespace fermata::host
