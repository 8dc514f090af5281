// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <random>
#include <thread>

namespace fermata::qemu {

/// Where another thread may be quicker. With FERMATA_TEST_LATE_THREADS in the environment the calling one loses some
/// time here, now and then, as it would under load; without, nothing.
inline void may_be_late() {
  static const bool is_asked_for = std::getenv("FERMATA_TEST_LATE_THREADS") != nullptr;
  if (!is_asked_for) {
    return;
  }
  thread_local std::minstd_rand random(std::random_device{}());
  constexpr unsigned one_in = 64;
  constexpr unsigned most_yields = 3000;  // as many us, or more where there is load
  for (auto yields = random() % one_in == 0 ? random() % most_yields : 0; yields > 0; --yields) {
    std::this_thread::yield();
  }
}

}  // namespace fermata::qemu
