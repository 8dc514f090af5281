// SPDX-License-Identifier: MIT
//
// Simulators that go, users that end the program, guests that end or hang.
#include <array>
#include <csignal>

#include "fermata/base/error.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

host::ExitStatus end_of(sim::Guest& guest) {
  try {
    for (;;) {
      static_cast<void>(guest.advance(100_ms, limit));
    }
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone) << error.what();
  }
  return guest.exit_status().value_or(host::ExitStatus{.code = -1});
}

TEST(Fault, TheSimulatorsEndEndsTheProgramInOrder) {
  for (const char* name : {"spin", "idle", "noretire"}) {
    LinkedProgram program(name);
    EXPECT_EQ(program.guest().close(limit), host::ExitStatus{}) << name;
  }
  LinkedProgram program("spin");
  program.advance_exactly(1_ms);
  program.guest().grant(4000_s);  // in the middle of a long quantum
  EXPECT_EQ(program.guest().close(limit), host::ExitStatus{});
}

TEST(Fault, SigtermEndsItWhileHeldWhileRunningAndWhileStuck) {
  for (const char* name : {"idle", "spin", "noretire"}) {
    LinkedProgram program(name);
    if (std::string(name) == "noretire") {
      program.guest().grant(1_ms);
      ASSERT_TRUE(comes_true([&program] { return !program.messages().empty(); })) << "it says that it is stuck";
    } else {
      program.advance_exactly(1_ms);
    }
    if (std::string(name) == "spin") {
      program.guest().grant(4000_s);
    }
    ASSERT_EQ(::kill(*program.guest().pid(), SIGTERM), 0);
    try {
      static_cast<void>(program.guest().advance(1_ms, limit));
      ADD_FAILURE() << name << " goes on";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::peer_gone) << error.what();
    }
    EXPECT_EQ(program.guest().exit_status(), host::ExitStatus{}) << name;
  }
}

TEST(Fault, AStuckGuestIsToldAndStillServed) {
  LinkedProgram program("noretire");
  program.guest().grant(1_ms);
  const auto is_told = [&] { return program.messages().find("traps for ever") != std::string::npos; };
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  do {
    EXPECT_THROW(static_cast<void>(program.guest().wait(100ms)), base::Error);
  } while (!is_told() && !deadline.has_passed());
  EXPECT_TRUE(is_told()) << program.messages();
  EXPECT_EQ(program.guest().close(limit), host::ExitStatus{});
}

TEST(Fault, AGuestThatPowersOffEndsWithItsStatus) {
  LinkedProgram poweroff("poweroff");
  EXPECT_EQ(end_of(poweroff.guest()), host::ExitStatus{});
  LinkedProgram failing("exit3");
  EXPECT_EQ(end_of(failing.guest()), (host::ExitStatus{.code = 3}));
  EXPECT_EQ(failing.output(), "exit3\n");
}

TEST(Fault, AResetGoesOnOrEndsTheProgram) {
  LinkedProgram program("reset");
  program.advance_exactly(1_ms, 10);
  EXPECT_GT(program.output().size(), 30U) << "it starts again and again";
  LinkedProgram once("reset", {"-no-reboot"});
  EXPECT_EQ(end_of(once.guest()), host::ExitStatus{});
}

TEST(Fault, ARequestOfZeroMayMeanTheEnd) {
  auto [ours, theirs] = transport::UnixSocket::make_pair();
  const host::ChildProcess process(
      {.arguments = {built_program("fermata-machine"), "-bios", "none", "-nodefaults", "-kernel",
                     guest_path("riscv64", "spin"), "-icount", "3,sleep=off", "-rtc", "clock=vm", "-qqq",
                     "sock=" + std::to_string(theirs.descriptor()) + ",zero=exit"},
       .inherited_descriptors = {theirs.descriptor()}});
  theirs.close();
  EXPECT_EQ(ours.write(std::array<std::byte, 4>{}, limit).count, 4U);
  EXPECT_EQ(process.wait(limit), host::ExitStatus{});
}

}  // namespace
}  // namespace fermata::machine_test
