// SPDX-License-Identifier: MIT
#include "fermata/host/punctual_thread.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace fermata::host {
namespace {

struct Outcome {
  std::string shortfall;
  int policy = -1;
  int slack_ns = -1;
};

Outcome in_a_thread() {
  Outcome outcome;
  std::thread([&outcome] {
    outcome.shortfall = make_punctual();
    outcome.policy = ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    outcome.slack_ns = ::prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
  }).join();
  return outcome;
}

TEST(PunctualThread, HasRealTimePriorityOrSaysWhyNot) {
  const Outcome outcome = in_a_thread();
  EXPECT_EQ(outcome.policy, outcome.shortfall.empty() ? SCHED_FIFO : SCHED_OTHER);
}

// In a child, which gives its rights away: without them there is no real-time priority, and the thread goes on.
TEST(PunctualThread, WithoutTheRightSaysWhatToDo) {
  const auto without_rights = [] {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (::setrlimit(RLIMIT_RTPRIO, &none) != 0 || (::geteuid() == 0 && ::setuid(65534) != 0)) {
      ::_exit(2);
    }
    const Outcome outcome = in_a_thread();
    const bool is_told = outcome.shortfall.find("ulimit -r 1") != std::string::npos;
    ::_exit(is_told && outcome.policy == SCHED_OTHER ? 0 : 1);
  };
  EXPECT_EXIT(without_rights(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fermata::host
