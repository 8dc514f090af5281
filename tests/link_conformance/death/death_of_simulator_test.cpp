// SPDX-License-Identifier: MIT
//
// Whatever state a session is in when its simulator is killed, the guest's program ends by itself, soon, and leaves
// nothing behind. The simulator is a process of its own here that has but the link: nobody sends the guest a signal.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <set>

#include "fermata/host/clock.hpp"
#include "fermata/transport/shared_memory.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "tests/link_conformance/raw_link.hpp"

namespace fermata::conformance_test {
namespace {

using namespace wire::link;

// Host time from a simulator's death to its guest's end. What it takes is milliseconds; the host may be busy.
constexpr host::HostDuration soon = 15s;

struct State {
  const char* name;
  Wanted wanted;
  void (*bring_about)(RawLink& link, Instant booted);
  bool is_breach = false;  ///< for the guest
};

template <typename Body>
std::vector<std::byte> bytes_of(Body body) {
  std::vector<std::byte> bytes;
  append(bytes, body);
  return bytes;
}

void say_half(RawLink& link, std::span<const std::byte> message) { link.say(message.first(message.size() / 2)); }

void stand(RawLink& link, Instant booted) {
  link.open();
  link.run_until(booted + 1_ms);
}

// Really so: it has told that it has come further.
void let_run(RawLink& link, Instant booted) {
  stand(link, booted);
  link.session().ask_milestones({booted + 2_ms, 1_ms});
  link.session().grant(Instant::at(1'000'000_s));
  link.flush();
  link.take_until([&link] { return link.progress() > 0; });
}

void wait_in_a_read(RawLink& link, Instant booted) {
  stand(link, booted);
  link.session().input(1, booted + 2_ms, std::as_bytes(std::span("r", 1)));
  if (link.run_until(booted + 1_s).reason != wire::StopReason::mmio) {
    throw std::runtime_error("the guest does not read");
  }
}

void stall(RawLink& link, Instant booted) {
  wait_in_a_read(link, booted);
  link.run_until(booted + 2_s);
}

// Megabytes of outputs that nobody reads: it stands in the middle of writing one.
void leave_outputs_unread(RawLink& link, Instant booted) {
  stand(link, booted);
  link.session().input(1, booted + 2_ms, std::as_bytes(std::span("f", 1)));
  link.session().grant(booted + 1000_s);
  link.flush();
  link.take_until([&link] { return !link.outputs().empty(); });
}

void make_a_checkpoint(RawLink& link, Instant booted) {
  stand(link, booted);
  link.session().checkpoint("one");
  link.flush();
}

void go_back(RawLink& link, Instant booted) {
  make_a_checkpoint(link, booted);
  link.take_until([&link] { return link.is_done(); });
  link.session().restore("one");
  link.flush();
}

std::vector<State> states() {
  const Wanted spin{.program = "spin"};
  const Wanted commands{.program = "commands", .has_window = true};
  const Wanted kept{.program = "spin", .keeps_checkpoints = true};
  return {
      {"before the hand-shake", spin, [](RawLink&, Instant) {}},
      {"in the middle of HELLO", spin, [](RawLink& link, Instant) { say_half(link, link.session().outgoing()); }, true},
      {"with HELLO said", spin, [](RawLink& link, Instant) { link.flush(); }},
      {"after the hand-shake", spin, [](RawLink& link, Instant) { link.open(); }},
      {"while it stands", spin, stand},
      {"while it runs", spin, let_run},
      {"while it sleeps",
       {.program = "echo"},
       [](RawLink& link, Instant) {
         link.open();
         link.run_until(Instant::at(1000_s));  // a PC's firmware wakes it 18 times a second
       }},
      {"while a read waits", commands, wait_in_a_read},
      {"while it stalls", commands, stall},
      {"with outputs that are not read", commands, leave_outputs_unread},
      {"during a checkpoint", kept, make_a_checkpoint},
      {"during a restore", kept, go_back},
      {"in the middle of a message to a guest that stands", spin,
       [](RawLink& link, Instant booted) {
         stand(link, booted);
         say_half(link, bytes_of(Grant{.header = {}, .horizon_ns = 1'000'000'000, .reports = 1}));
       },
       true},
      {"in the middle of a message to a guest that runs", spin,
       [](RawLink& link, Instant booted) {
         let_run(link, booted);
         say_half(link, bytes_of(Grant{.header = {}, .horizon_ns = 1, .reports = 1}));
       },
       true},
      {"after a bad message", spin,
       [](RawLink& link, Instant booted) {
         stand(link, booted);
         link.say(bytes_of(Report{}));
       },
       true},
  };
}

// The simulator's process: brings the state about, says so, and waits to be killed.
[[noreturn]] void simulate(std::unique_ptr<transport::Stream> stream, const State& state, Instant booted, int tell) {
  RawLink link(std::move(stream));
  char has_come = 'y';
  try {
    state.bring_about(link, booted);
  } catch (const std::exception& error) {
    static_cast<void>(!::write(STDERR_FILENO, error.what(), std::string_view(error.what()).size()));
    has_come = 'n';
  }
  static_cast<void>(!::write(tell, &has_come, 1));
  while (true) {
    ::pause();
  }
}

// Both ends of a link; the guest's as its program is told of it.
struct Ends {
  explicit Ends(const Target& target) {
    if (target.carrier == Carrier::shared_memory) {
      auto [ours, theirs] = transport::SharedMemory::make_pair();
      const auto given = theirs.descriptors();
      argument = "memory=" + std::to_string(given.memory) + ",life=" + std::to_string(given.life_socket);
      descriptors = {given.memory, given.life_socket};
      simulators = std::make_unique<transport::SharedMemory>(std::move(ours));
      guests = std::make_unique<transport::SharedMemory>(std::move(theirs));
    } else {
      auto [ours, theirs] = transport::UnixSocket::make_pair();
      argument = "fd=" + std::to_string(theirs.descriptor());
      descriptors = {theirs.descriptor()};
      simulators = std::make_unique<transport::UnixSocket>(std::move(ours));
      guests = std::make_unique<transport::UnixSocket>(std::move(theirs));
    }
  }
  // Only the descriptors: the memory's two ends are in use elsewhere.
  static void let_go(std::unique_ptr<transport::Stream>& end) {
    if (auto* memory = dynamic_cast<transport::SharedMemory*>(end.get())) {
      memory->detach();
    }
    end.reset();
  }

  std::string argument;
  std::vector<int> descriptors;
  std::unique_ptr<transport::Stream> simulators;
  std::unique_ptr<transport::Stream> guests;
};

class DeathOfSimulator : public Conformance {
 protected:
  void walk(const State& state) {
    const TempFolder folder;
    const TempFolder scratch;  // where the guest's program may leave something
    const ScopedVariable temporary("TMPDIR", scratch.folder());
    const host::UniqueFd messages = create_file(folder.path("messages"));
    Ends ends(target());
    host::Command command = command_of(target(), state.wanted, folder);
    for (const std::string& channel : channels_of(target(), state.wanted)) {
      ends.argument += "," + channel;
    }
    command.arguments.insert(command.arguments.end(), {"-link", ends.argument});
    command.inherited_descriptors = ends.descriptors;
    command.standard_error = messages.get();
    const host::ChildProcess guest(command);
    Ends::let_go(ends.guests);
    if (!kill_a_simulator(std::move(ends.simulators), state)) {
      ADD_FAILURE() << "the state was not reached: " << read_file(folder.path("messages"));
      return;
    }
    const host::HostInstant killed = host::HostClock::monotonic().now();
    const auto status = guest.wait(limit);
    EXPECT_LT(host::HostClock::monotonic().now() - killed, soon);
    // A QEMU may notice that its simulator has gone before it has read what that said last.
    const std::set<int> codes = !state.is_breach ? std::set{0} : target().is_machine() ? std::set{1} : std::set{0, 1};
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(status->signal == 0 && codes.contains(status->code)) << to_string(*status) << '\n'
                                                                     << read_file(folder.path("messages"));
    EXPECT_TRUE(std::filesystem::is_empty(scratch.folder()));
  }

 private:
  [[nodiscard]] static bool kill_a_simulator(std::unique_ptr<transport::Stream> stream, const State& state) {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
      return false;
    }
    const host::UniqueFd told(pipe_ends[0]);
    host::UniqueFd tell(pipe_ends[1]);
    const pid_t simulator = ::fork();
    if (simulator == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      simulate(std::move(stream), state, target().booted(), tell.get());
    }
    Ends::let_go(stream);
    tell.reset();
    char has_come = 'n';
    const bool is_told = ::read(told.get(), &has_come, 1) == 1 && has_come == 'y';
    ::kill(simulator, SIGKILL);
    ::waitpid(simulator, nullptr, 0);
    return is_told;
  }
};
INSTANTIATE_TEST_SUITE_P(Each, DeathOfSimulator, each_program(), target_name);

TEST_P(DeathOfSimulator, EndsTheGuestInEachStateOfTheSession) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // what a guest's program may leave running comes to us
  for (const State& state : states()) {
    if (lacks(state.wanted).empty()) {
      SCOPED_TRACE(state.name);
      walk(state);
    }
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD) << "a process was left behind";
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace fermata::conformance_test
