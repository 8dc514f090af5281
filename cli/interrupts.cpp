// SPDX-License-Identifier: MIT
#include "cli/interrupts.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "fermata/base/error.hpp"

namespace fermata::cli {

Interrupts::Interrupts() {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGINT);
  sigaddset(&watched, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &watched, &before_);
  fd_ = host::UniqueFd(::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.is_open()) {
    throw base::host_error("watch for signals", errno);
  }
}

Interrupts::~Interrupts() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

std::optional<int> Interrupts::caught() {
  signalfd_siginfo info{};
  if (!caught_ && ::read(fd_.get(), &info, sizeof info) == sizeof info) {
    caught_ = static_cast<int>(info.ssi_signo);
  }
  return caught_;
}

}  // namespace fermata::cli
