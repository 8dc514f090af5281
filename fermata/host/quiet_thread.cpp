// SPDX-License-Identifier: MIT
#include "fermata/host/quiet_thread.hpp"

#include <pthread.h>

#include <csignal>
#include <string>
#include <system_error>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::host {

std::thread start_quiet_thread(std::string_view purpose, std::function<void()> run) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(std::move(run));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (const std::system_error& error) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw base::host_error("start the thread that " + std::string(purpose), error.code().value());
  }
}

}  // namespace fermata::host
