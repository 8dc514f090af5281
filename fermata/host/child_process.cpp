// SPDX-License-Identifier: MIT
#include "fermata/host/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <latch>
#include <mutex>
#include <thread>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/host/quiet_thread.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::host {
namespace {

// Everything that the child touches between fork and exec, made ready before: only async-signal-safe calls are legal
// there, because other threads of this process may have held any lock at the fork.
struct ExecPlan {
  std::vector<char*> argv;
  std::vector<int> inherited;
  int standard_output = -1;
  int standard_error = -1;
  int failure_pipe = -1;
  pid_t parent = 0;
};

[[noreturn]] void fail_in_child(int pipe) {
  const int error = errno;
  static_cast<void>(!::write(pipe, &error, sizeof error));
  ::_exit(127);
}

[[noreturn]] void run_child(const ExecPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != plan.parent) {
    ::_exit(127);  // the parent died before the line above took effect
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (plan.standard_output >= 0 && ::dup2(plan.standard_output, STDOUT_FILENO) < 0) {
    fail_in_child(plan.failure_pipe);
  }
  if (plan.standard_error >= 0 && ::dup2(plan.standard_error, STDERR_FILENO) < 0) {
    fail_in_child(plan.failure_pipe);
  }
  for (const int fd : plan.inherited) {
    if (::fcntl(fd, F_SETFD, 0) < 0) {
      fail_in_child(plan.failure_pipe);
    }
  }
  ::execvp(plan.argv[0], plan.argv.data());
  fail_in_child(plan.failure_pipe);
}

UniqueFd make_event_descriptor() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC));
  if (!fd.is_open()) {
    throw base::host_error("make an eventfd", errno);
  }
  return fd;
}

base::Error start_error(const std::string& program, int error_number) {
  if (error_number == ENOENT) {
    return {base::ErrorCode::not_found,
            "cannot start " + program + ": no such program; check the name and the PATH, or install it"};
  }
  return base::host_error("start " + program, error_number);
}

}  // namespace

std::string to_string(const ExitStatus& status) {
  if (status.signal == 0) {
    return "exit status " + std::to_string(status.code);
  }
  return "killed by signal " + std::to_string(status.signal) + " (" + ::strsignal(status.signal) + ")";
}

// Shared between the handle's thread and the child's own.
struct ChildProcess::Keeper {
  UniqueFd ended = make_event_descriptor();
  pid_t pid = -1;
  int start_errno = 0;
  std::latch forked{1};
  mutable std::mutex mutex;  // guards `status`, and the pid against reuse while a signal is sent
  std::optional<ExitStatus> status;
  std::thread thread;

  void send(int signal_number) const {
    const std::lock_guard lock(mutex);
    if (!status) {
      ::kill(pid, signal_number);
    }
  }

  // Waits without reaping, so that the pid stays ours until `status` is set under the lock.
  void await_end() {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    {
      const std::lock_guard lock(mutex);
      int raw = 0;
      while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
      }
      status = WIFSIGNALED(raw) ? ExitStatus{.code = 0, .signal = WTERMSIG(raw)}
                                : ExitStatus{.code = WEXITSTATUS(raw), .signal = 0};
    }
    const std::uint64_t one = 1;
    static_cast<void>(!::write(ended.get(), &one, sizeof one));
  }
};

ChildProcess::ChildProcess(const Command& command) : keeper_(std::make_unique<Keeper>()) {
  base::expects(!command.arguments.empty(), "Command: arguments name a program");
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) < 0) {
    throw base::host_error("make a pipe", errno);
  }
  const UniqueFd failure_read(pipe_ends[0]);
  UniqueFd failure_write(pipe_ends[1]);

  std::vector<std::string> arguments = command.arguments;
  ExecPlan plan;
  for (std::string& argument : arguments) {
    plan.argv.push_back(argument.data());
  }
  plan.argv.push_back(nullptr);
  plan.inherited = command.inherited_descriptors;
  plan.standard_output = command.standard_output.value_or(-1);
  plan.standard_error = command.standard_error.value_or(-1);
  plan.failure_pipe = failure_write.get();
  plan.parent = ::getpid();

  keeper_->thread = start_quiet_thread("keeps a child process", [&plan, keeper = keeper_.get()] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      run_child(plan);
    }
    keeper->pid = pid;
    keeper->start_errno = pid < 0 ? errno : 0;
    keeper->forked.count_down();  // `plan` is not touched beyond here: the constructor goes on
    if (pid > 0) {
      keeper->await_end();
    }
  });
  keeper_->forked.wait();
  failure_write.reset();

  // Ends with nothing read when exec closed the child's end, and with an errno when it failed.
  int child_errno = 0;
  ssize_t count = 0;
  while ((count = ::read(failure_read.get(), &child_errno, sizeof child_errno)) < 0 && errno == EINTR) {
  }
  if (count > 0 || keeper_->start_errno != 0) {
    keeper_->thread.join();
    throw start_error(command.arguments.front(), count > 0 ? child_errno : keeper_->start_errno);
  }
}

ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(keeper_, other.keeper_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (keeper_ != nullptr) {
    terminate(std::chrono::seconds(1));
    keeper_->thread.join();
  }
}

pid_t ChildProcess::pid() const { return keeper_->pid; }

std::optional<ExitStatus> ChildProcess::exit_status() const {
  const std::lock_guard lock(keeper_->mutex);
  return keeper_->status;
}

int ChildProcess::ended_descriptor() const { return keeper_->ended.get(); }

std::optional<ExitStatus> ChildProcess::wait(HostDuration limit) const {
  const Deadline deadline(HostClock::monotonic(), limit);
  pollfd ended{.fd = keeper_->ended.get(), .events = POLLIN, .revents = 0};
  do {
    // Rounded up to whole milliseconds, so that the last round does not spin; a day at a time, for int's sake.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining());
    const auto timeout = std::min<std::chrono::milliseconds>(left, std::chrono::hours(24));
    if (::poll(&ended, 1, static_cast<int>(timeout.count())) > 0) {
      return exit_status();
    }
  } while (!deadline.has_passed());
  return exit_status();
}

ExitStatus ChildProcess::terminate(HostDuration grace) {
  keeper_->send(SIGTERM);
  keeper_->send(SIGCONT);
  if (const auto status = wait(grace)) {
    return *status;
  }
  keeper_->send(SIGKILL);
  // SIGKILL cannot be refused; only a process stuck in the kernel takes longer, and there is nothing else to be done.
  auto status = wait(HostDuration::max());
  base::expects(status.has_value(), "ChildProcess: a killed process ends");
  return *status;
}

}  // namespace fermata::host
