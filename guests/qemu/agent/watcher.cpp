// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/watcher.hpp"

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include "fermata/host/quiet_thread.hpp"

namespace fermata::qemu {
namespace {

constexpr time_t seconds_to_end = 60;
constexpr int look_interval_ms = 100;

// The kernel does it, because a process that hangs cannot be relied upon to end itself.
void kill_this_process_later() {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) {
    itimerspec at{};
    at.it_value.tv_sec = seconds_to_end;
    ::timer_settime(timer, 0, &at, nullptr);
  }
}

void wait_for_end(int descriptor, const std::function<bool()>& is_over) {
  const int interval = is_over ? look_interval_ms : -1;
  for (;;) {
    pollfd peer{.fd = descriptor, .events = POLLRDHUP, .revents = 0};
    const int count = ::poll(&peer, 1, interval);
    if (count > 0 || (count < 0 && errno != EINTR) || (count == 0 && is_over())) {
      return;
    }
  }
}

}  // namespace

void watch_peer(int descriptor, std::function<void()> gone, std::function<bool()> is_over) {
  host::start_quiet_thread("watches the simulator", [descriptor, gone = std::move(gone), is_over = std::move(is_over)] {
    wait_for_end(descriptor, is_over);
    kill_this_process_later();
    gone();
  }).detach();
}

}  // namespace fermata::qemu
