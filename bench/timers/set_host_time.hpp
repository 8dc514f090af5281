// SPDX-License-Identifier: MIT
// In a program that links set_host_time.cpp the host's clocks stand until they are set, for every library in it: so all
// kinds of timers can be made to expire without waiting, and reading the time costs all of them the same.
#pragma once

#include <cstdint>

namespace fermata::bench {

/// Since the host's start, for the monotonic and the wall clock alike.
void set_host_time_ms(std::int64_t ms);
[[nodiscard]] std::int64_t host_time_ms();
/// The real time, for measuring.
[[nodiscard]] std::int64_t real_time_ns();

}  // namespace fermata::bench
