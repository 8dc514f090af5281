// SPDX-License-Identifier: MIT
#include "fermata/host/punctual_thread.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include <cerrno>
#include <system_error>

namespace fermata::host {

std::string make_punctual() {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  const sched_param lowest{.sched_priority = ::sched_get_priority_min(SCHED_FIFO)};
  // Threads that it starts, or that others start from within its calls, do not inherit that.
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) != 0) {
    const int error = errno;
    return "no real-time priority (" + std::generic_category().message(error) +
           "); allow it by a real-time limit (ulimit -r 1, LimitRTPRIO=1, or rtprio in limits.conf)";
  }
  return {};
}

}  // namespace fermata::host
