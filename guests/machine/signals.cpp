// SPDX-License-Identifier: MIT
#include "guests/machine/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::machine_program {
namespace {

sigset_t taken_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    sigaddset(&taken, signal);
  }
  return taken;
}

}  // namespace

void Signals::hold_back() {
  const sigset_t taken = taken_signals();
  ::sigprocmask(SIG_BLOCK, &taken, nullptr);
}

Signals::Signals(loop::EventLoop& loop, std::function<void()> end, std::function<void()> report)
    : loop_(loop), end_(std::move(end)), report_(std::move(report)) {
  hold_back();
  const sigset_t taken = taken_signals();
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  fd_.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_.is_open()) {
    throw base::host_error("take signals by a descriptor", errno);
  }
  loop_.watch(fd_.get(), {.readable = [this] { take(); }, .writable = {}});
}

Signals::~Signals() { loop_.forget(fd_.get()); }

void Signals::take() {
  signalfd_siginfo signal{};
  while (::read(fd_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    if (signal.ssi_signo == SIGUSR1) {
      report_();
    } else {
      end_();
    }
  }
}

}  // namespace fermata::machine_program
