// SPDX-License-Identifier: MIT
#include "fermata/host/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::host {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') {
    line += c;
  }
  return line;
}

TEST(ChildProcess, ReportsTheExitStatus) {
  ChildProcess child({.arguments = {"sh", "-c", "exit 7"}});
  EXPECT_EQ(child.wait(30s), (ExitStatus{.code = 7, .signal = 0}));
  EXPECT_EQ(to_string(*child.exit_status()), "exit status 7");
}

TEST(ChildProcess, ReportsTheSignalThatEndedIt) {
  ChildProcess child({.arguments = {"sh", "-c", "kill -KILL $$"}});
  const auto status = child.wait(30s);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal, SIGKILL);
  EXPECT_EQ(to_string(*status), "killed by signal 9 (Killed)");
}

TEST(ChildProcess, AMissingProgramIsAnErrorThatNamesIt) {
  ::setenv("PATH", "/usr/bin:/bin", 1);  // folders that anybody may read
  try {
    const ChildProcess child({.arguments = {"no-such-program-at-all"}});
    FAIL() << "started";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("no-such-program-at-all"), std::string::npos);
  }
}

TEST(ChildProcess, WaitGivesUpAtItsLimit) {
  const ChildProcess child({.arguments = {"sleep", "1000"}});
  EXPECT_FALSE(child.wait(1ms));
  EXPECT_FALSE(child.exit_status());
}

TEST(ChildProcess, TheHandleEndsTheChild) {
  pid_t pid = 0;
  {
    const ChildProcess child({.arguments = {"sleep", "1000"}});
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, TerminateKillsWhoDoesNotObey) {
  Pipe out;
  ChildProcess child(
      {.arguments = {"sh", "-c", "trap '' TERM; echo ready; exec sleep 1000"}, .standard_output = out.write.get()});
  ASSERT_EQ(read_line(out.read.get()), "ready");
  EXPECT_EQ(child.terminate(50ms).signal, SIGKILL);
}

TEST(ChildProcess, TerminateReachesAStoppedChild) {
  ChildProcess child({.arguments = {"sleep", "1000"}});
  ASSERT_EQ(::kill(child.pid(), SIGSTOP), 0);
  EXPECT_EQ(child.terminate(30s).signal, SIGTERM);
}

TEST(ChildProcess, PassesOnlyTheNamedDescriptors) {
  Pipe passed;
  const UniqueFd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string script =
      "test ! -e /proc/self/fd/" + std::to_string(kept.get()) + " && echo yes >&" + std::to_string(passed.write.get());
  const ChildProcess child({.arguments = {"bash", "-c", script}, .inherited_descriptors = {passed.write.get()}});
  EXPECT_EQ(read_line(passed.read.get()), "yes");
}

TEST(ChildProcess, SurvivesTheThreadThatStartedIt) {
  std::optional<ChildProcess> child;
  std::thread([&child] { child.emplace(Command{.arguments = {"sleep", "1000"}}); }).join();
  EXPECT_FALSE(child->wait(20ms));
}

// The simulator is killed with SIGKILL: the kernel ends the child. Seen from outside by a pipe that the grandchild
// holds.
TEST(ChildProcess, DoesNotOutliveAKilledParent) {
  Pipe alive;
  const pid_t simulator = ::fork();
  if (simulator == 0) {
    const ChildProcess child(
        {.arguments = {"sh", "-c", "echo up; exec sleep 1000"}, .standard_output = alive.write.get()});
    ::pause();
    ::_exit(0);
  }
  alive.write.reset();
  ASSERT_EQ(read_line(alive.read.get()), "up");
  ::kill(simulator, SIGKILL);
  ASSERT_EQ(::waitpid(simulator, nullptr, 0), simulator);
  pollfd closed{.fd = alive.read.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&closed, 1, 30'000), 1) << "the grandchild still holds its pipe";
  EXPECT_EQ(read_line(alive.read.get()), "");
}

}  // namespace
}  // namespace fermata::host
