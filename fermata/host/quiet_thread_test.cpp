// SPDX-License-Identifier: MIT
#include "fermata/host/quiet_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>

namespace fermata::host {
namespace {

bool is_blocked(int signal_number) {
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return ::sigismember(&now, signal_number) == 1;
}

TEST(QuietThread, TakesNoSignalsAndLeavesTheCallersAlone) {
  ASSERT_FALSE(is_blocked(SIGTERM));
  bool is_blocked_inside = false;
  std::thread thread = start_quiet_thread("looks at its signals", [&] { is_blocked_inside = is_blocked(SIGTERM); });
  thread.join();
  EXPECT_TRUE(is_blocked_inside);
  EXPECT_FALSE(is_blocked(SIGTERM));
}

}  // namespace
}  // namespace fermata::host
