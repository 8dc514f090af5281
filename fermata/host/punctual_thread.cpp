// SPDX-License-Identifier: MIT
#include "fermata/host/punctual_thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#include <system_error>

namespace fermata::host {

std::string make_punctual() {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  const sched_param lowest{.sched_priority = ::sched_get_priority_min(SCHED_FIFO)};
  if (const int error = ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &lowest); error != 0) {
    return "no real-time priority (" + std::generic_category().message(error) +
           "); allow it by a real-time limit (ulimit -r 1, LimitRTPRIO=1, or rtprio in limits.conf)";
  }
  return {};
}

}  // namespace fermata::host
