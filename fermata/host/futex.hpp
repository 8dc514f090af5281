// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/host/clock.hpp"

namespace fermata::host {

/// Sleeps until `word`, which processes may share, is woken or `length` has passed; not at all if it is not `expected`.
/// May end early. Throws base::Error (host_failure).
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, HostDuration length);
/// The same on the low half of a longer word: if the other half alone has changed it sleeps.
void futex_wait(const std::atomic<std::int64_t>& word, std::int64_t expected, HostDuration length);
/// Wakes all that sleep on it. A system call.
void futex_wake_all(const std::atomic<std::uint32_t>& word);
void futex_wake_all(const std::atomic<std::int64_t>& word);

}  // namespace fermata::host
