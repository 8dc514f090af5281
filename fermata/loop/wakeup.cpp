// SPDX-License-Identifier: MIT
#include "fermata/loop/wakeup.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "fermata/base/error.hpp"

namespace fermata::loop {

Wakeup::Wakeup() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.is_open()) {
    throw base::host_error("make an eventfd for a loop's wake-up", errno);
  }
}

bool Wakeup::begin_sleep() { return (state_.fetch_or(is_sleeping, std::memory_order_acq_rel) & is_woken) == 0; }

void Wakeup::end_sleep(bool is_signalled) {
  state_.exchange(0, std::memory_order_acq_rel);
  // One that saw the sleep but has not signalled yet ends the next wait early: harmless.
  if (is_signalled) {
    std::uint64_t signals = 0;
    [[maybe_unused]] const ssize_t count = ::read(event_.get(), &signals, sizeof signals);
  }
}

void Wakeup::wake() {
  if (state_.fetch_or(is_woken, std::memory_order_acq_rel) == is_sleeping) {
    signal();
  }
}

void Wakeup::nudge() {
  if (state_.fetch_or(0, std::memory_order_acq_rel) == is_sleeping) {
    signal();
  }
}

void Wakeup::signal() {
  const std::uint64_t one = 1;
  // It can only fail by being full, and then it is readable.
  [[maybe_unused]] const ssize_t count = ::write(event_.get(), &one, sizeof one);
}

}  // namespace fermata::loop
