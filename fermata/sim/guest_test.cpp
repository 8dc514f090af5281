// SPDX-License-Identifier: MIT
// The simulator's handle against peers that behave, die, hang and lie. The peers are threads, or small shell programs.
#include "fermata/sim/guest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "fermata/base/error.hpp"
#include "fermata/transport/direct.hpp"
#include "fermata/wire/qqq_layout.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using time::Instant;

constexpr auto long_enough = 30s;

// A guest in this process that answers each grant with what `answer_us` makes of it, within the grant's write.
struct AnsweringGuest {
  explicit AnsweringGuest(const std::function<std::uint32_t(std::uint32_t)>& answer_us) {
    auto [a, b] = transport::DirectStream::make_pair();
    end = std::make_unique<transport::DirectStream>(std::move(b));
    end->set_readable_handler([this, answer_us] {
      wire::QqqMessage message{};
      while (end->read(message, {}).count == message.size()) {
        EXPECT_EQ(end->write(wire::encode_qqq(answer_us(wire::decode_qqq(message))), {}).count, message.size());
      }
    });
    guest.emplace(Guest::attach(std::make_unique<transport::DirectStream>(std::move(a)), "plant", &trace));
  }

  trace::MemorySink trace;
  std::unique_ptr<transport::DirectStream> end;
  std::optional<Guest> guest;
};

template <typename Call>
base::Error error_of(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {base::ErrorCode::host_failure, ""};
}

bool mentions(const base::Error& error, const std::string& text) {
  return std::string(error.what()).find(text) != std::string::npos;
}

Guest launch_shell(const std::string& script) {
  // bash -c SCRIPT -qqq sock=N: the script sees them as $0 and $1.
  return Guest::launch({.command = {.arguments = {"bash", "-c", "fd=${1#sock=}; " + script}}, .name = "shell"});
}

TEST(Guest, GrantsAndWaits) {
  AnsweringGuest peer([](std::uint32_t us) { return us; });
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(peer.guest->advance(1_ms, long_enough).now, Instant::at(i * 1_ms));
  }
  EXPECT_EQ(peer.guest->outstanding(), 0U);
  EXPECT_EQ(peer.guest->now(), Instant::at(100_ms));
}

TEST(Guest, TakesReportsInOrderWhenSeveralGrantsAreOutstanding) {
  AnsweringGuest peer([](std::uint32_t us) { return us + 1; });
  peer.guest->grant(10_us);
  peer.guest->grant(20_us);
  EXPECT_EQ(peer.guest->outstanding(), 2U);
  EXPECT_EQ(peer.guest->wait(long_enough), (Report{.now = Instant::at(11_us), .elapsed = 11_us, .overshoot = 1_us}));
  EXPECT_EQ(peer.guest->now(), Instant::at(11_us)) << "what was not taken yet does not count";
  EXPECT_EQ(peer.guest->poll()->now, Instant::at(32_us));
  EXPECT_FALSE(peer.guest->poll());
}

TEST(Guest, RecordsTheRun) {
  AnsweringGuest peer([](std::uint32_t us) { return us; });
  peer.guest->advance(1_ms, long_enough);
  ASSERT_EQ(peer.trace.records().size(), 2U);
  EXPECT_EQ(to_line(peer.trace.records()[0]), "0.000000000 grant span_us=1000");
  EXPECT_EQ(to_line(peer.trace.records()[1]), "0.001000000 report elapsed_us=1000 overshoot_us=0");
}

TEST(Guest, AShortReportIsAnError) {
  AnsweringGuest peer([](std::uint32_t us) { return us - 1; });
  EXPECT_EQ(error_of([&] { peer.guest->advance(1_ms, long_enough); }).code(), base::ErrorCode::protocol_violation);
}

TEST(Guest, AHangingGuestIsReportedAtTheLimitAndMayBeWaitedForAgain) {
  auto [a, b] = transport::DirectStream::make_pair();
  Guest guest = Guest::attach(std::make_unique<transport::DirectStream>(std::move(a)), "sleeper");
  guest.grant(1_ms);
  const base::Error error = error_of([&guest] { static_cast<void>(guest.wait(1ms)); });
  EXPECT_EQ(error.code(), base::ErrorCode::timed_out);
  EXPECT_TRUE(mentions(error, "sleeper did not report within 0.001 s")) << error.what();
  EXPECT_EQ(b.write(wire::encode_qqq(1000), 0s).count, 4U);
  EXPECT_EQ(guest.wait(long_enough).now, Instant::at(1_ms));
}

TEST(Guest, AGuestThatClosesIsGone) {
  auto [a, b] = transport::DirectStream::make_pair();
  Guest guest = Guest::attach(std::make_unique<transport::DirectStream>(std::move(a)), "leaver");
  guest.grant(1_ms);
  b.close();
  EXPECT_TRUE(
      mentions(error_of([&guest] { static_cast<void>(guest.wait(long_enough)); }), "leaver is gone at 0.000000000 s"));
  EXPECT_EQ(error_of([&guest] { guest.grant(1_ms); }).code(), base::ErrorCode::peer_gone);
}

TEST(GuestDeathTest, WaitingWithoutAGrantIsAProgrammingError) {
  AnsweringGuest peer([](std::uint32_t us) { return us; });
  EXPECT_DEATH(static_cast<void>(peer.guest->wait(1ms)), "only with a grant outstanding");
}

TEST(Guest, DrivesAProgram) {
  Guest guest = launch_shell("head -c 4 <&$fd >&$fd; exit 3");  // an honest guest of one quantum
  EXPECT_EQ(guest.advance(1_ms, long_enough).elapsed, 1_ms);
  const base::Error error = error_of([&guest] { guest.advance(1_ms, long_enough); });
  EXPECT_EQ(error.code(), base::ErrorCode::peer_gone);
  EXPECT_TRUE(mentions(error, "exit status 3")) << error.what();
  EXPECT_EQ(guest.exit_status(), (host::ExitStatus{.code = 3}));
}

TEST(Guest, SaysBywhichSignalTheProgramEnded) {
  Guest guest = launch_shell("kill -KILL $$");
  EXPECT_TRUE(mentions(error_of([&guest] { guest.advance(1_ms, long_enough); }), "killed by signal 9"));
}

TEST(Guest, CloseLetsTheProgramEndInOrder) {
  Guest guest = launch_shell("cat <&$fd >/dev/null; exit 5");
  EXPECT_EQ(guest.close(long_enough), (host::ExitStatus{.code = 5}));
  EXPECT_EQ(guest.close(long_enough), (host::ExitStatus{.code = 5}));
}

TEST(Guest, CloseEndsAProgramThatDoesNotCare) {
  Guest guest = launch_shell("exec sleep 1000");
  EXPECT_EQ(guest.close(10ms)->signal, SIGTERM);
}

TEST(Guest, TheHandleEndsTheProgram) {
  pid_t pid = 0;
  {
    const Guest guest = launch_shell("exec sleep 1000");
    pid = *guest.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Guest, AMissingProgramIsNamed) {
  ::setenv("PATH", "/usr/bin:/bin", 1);  // folders that anybody may read
  const base::Error error =
      error_of([] { static_cast<void>(Guest::launch({.command = {.arguments = {"no-such-emulator"}}})); });
  EXPECT_EQ(error.code(), base::ErrorCode::not_found);
  EXPECT_TRUE(mentions(error, "no-such-emulator"));
}

}  // namespace
}  // namespace fermata::sim
