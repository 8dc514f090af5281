// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string_view>
#include <thread>

namespace fermata::host {

/// Starts a thread that takes no signals: they are the business of the program that uses this library. `purpose` ends
/// the sentence "start the thread that ...". Throws base::Error (host_failure); the caller's signals are as before in
/// either case.
[[nodiscard]] std::thread start_quiet_thread(std::string_view purpose, std::function<void()> run);

}  // namespace fermata::host
