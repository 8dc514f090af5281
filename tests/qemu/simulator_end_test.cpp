// SPDX-License-Identifier: MIT
//
// However the simulator ends, QEMU ends with it, between grants and in the middle of one.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>

#include "fermata/sim/qemu.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

enum class Ending { exits, is_killed };

// A process by its pidfd, which stays good whoever reaps it. Killed with the handle.
class WatchedProcess {
 public:
  explicit WatchedProcess(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~WatchedProcess() { send(SIGKILL); }
  WatchedProcess(const WatchedProcess&) = delete;
  WatchedProcess& operator=(const WatchedProcess&) = delete;

  void send(int signal_number) const { ::syscall(SYS_pidfd_send_signal, fd_.get(), signal_number, nullptr, 0); }
  [[nodiscard]] bool has_ended_within(host::HostDuration wait) const {
    pollfd waited{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&waited, 1, static_cast<int>(wait / 1ms)) == 1;
  }

 private:
  host::UniqueFd fd_;
};

[[noreturn]] void simulate(int tell, const std::function<pid_t()>& start_guest, Ending ending) {
  const pid_t guest = start_guest();
  static_cast<void>(!::write(tell, &guest, sizeof guest));
  if (ending == Ending::exits) {
    ::_exit(0);
  }
  while (true) {
    ::pause();
  }
}

// Forks a simulator, has it start a guest, and ends it. Expects the guest to end too.
void expect_guest_ends(const std::function<pid_t()>& start_guest, Ending ending) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const host::UniqueFd told(ends[0]);
  host::UniqueFd tell(ends[1]);
  const pid_t simulator = ::fork();
  if (simulator == 0) {
    simulate(tell.get(), start_guest, ending);
  }
  ASSERT_GT(simulator, 0);
  tell.reset();
  pid_t guest = -1;
  const bool is_told = ::read(told.get(), &guest, sizeof guest) == static_cast<ssize_t>(sizeof guest);
  std::optional<WatchedProcess> watched;
  if (is_told) {
    watched.emplace(guest);
  }
  ::kill(simulator, SIGKILL);  // one that has exited is still ours to wait for
  ::waitpid(simulator, nullptr, 0);
  ASSERT_TRUE(is_told) << "the simulator could not start its guest";
  EXPECT_TRUE(watched->has_ended_within(30s));
}

class SimulatorEnd : public QemuTest {
 protected:
  // A simulator that uses the library.
  pid_t start_by_library(time::Duration outstanding) const {
    auto* machine = new Machine(qemu(), {.guest = "spin"});  // no destructor may run in this process
    machine->advance_exactly(1_ms);
    if (outstanding > time::Duration::zero()) {
      machine->guest().grant(outstanding);
    }
    return HasFailure() ? -1 : *machine->guest().pid();
  }

  // One that knows nothing but fork and exec: nobody sends its guest a signal when it dies.
  pid_t start_plainly(std::uint32_t outstanding_us) const {
    auto arguments = qemu().command_line("riscv64", "spin");
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
      return -1;
    }
    arguments.insert(arguments.end(), {"-serial", "null", "-qqq", "sock=" + std::to_string(ends[1])});
    auto command = sim::qemu_command(arguments).arguments;
    const pid_t guest = ::fork();
    if (guest == 0) {
      std::vector<char*> argv;
      for (std::string& argument : command) {
        argv.push_back(argument.data());
      }
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    for (const std::uint32_t span_us : {1000U, outstanding_us}) {
      const std::uint32_t message = __builtin_bswap32(span_us);
      std::uint32_t report = 0;
      if (span_us != 0 && (::write(ends[0], &message, sizeof message) != sizeof message ||
                           (span_us == 1000 && ::read(ends[0], &report, sizeof report) != sizeof report))) {
        ::kill(guest, SIGKILL);
        return -1;
      }
    }
    return guest;
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, SimulatorEnd, every_version(), version_name);

TEST_P(SimulatorEnd, ClosesWhileHeld) {
  for (const char* guest : {"spin", "idle"}) {
    Machine machine(qemu(), {.guest = guest});
    machine.advance_exactly(1_ms);
    EXPECT_EQ(machine.guest().close(30s), host::ExitStatus{}) << machine.messages();
  }
}

TEST_P(SimulatorEnd, ClosesBeforeTheFirstGrant) {
  Machine machine(qemu(), {});
  EXPECT_EQ(machine.guest().close(30s), host::ExitStatus{}) << machine.messages();
}

TEST_P(SimulatorEnd, ClosesInMidGrant) {
  Machine machine(qemu(), {.guest = "spin"});
  machine.advance_exactly(1_ms);
  machine.guest().grant(1000_s);
  EXPECT_EQ(machine.guest().close(30s), host::ExitStatus{}) << machine.messages();
}

TEST_P(SimulatorEnd, HandleIsDestroyed) {
  pid_t pid = -1;
  {
    Machine machine(qemu(), {.guest = "spin"});
    machine.advance_exactly(1_ms);
    machine.guest().grant(1000_s);
    pid = *machine.guest().pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1) << "the process is still there";
}

TEST_P(SimulatorEnd, ExitsOrIsKilledWhileHeld) {
  for (const Ending ending : {Ending::exits, Ending::is_killed}) {
    expect_guest_ends([this] { return start_by_library(0_s); }, ending);
    expect_guest_ends([this] { return start_plainly(0); }, ending);
  }
}

TEST_P(SimulatorEnd, ExitsOrIsKilledInMidGrant) {
  for (const Ending ending : {Ending::exits, Ending::is_killed}) {
    expect_guest_ends([this] { return start_by_library(1000_s); }, ending);
    expect_guest_ends([this] { return start_plainly(1'000'000'000); }, ending);
  }
}

}  // namespace
}  // namespace fermata::qemu_test
