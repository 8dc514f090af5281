// SPDX-License-Identifier: MIT
//
// Link v1 on QEMUs whose vCPUs have a thread each: inputs are given where the machine stands for them, outputs have the
// instants at which it next stands, and nothing is exact beyond that.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "fermata/base/error.hpp"
#include "tests/qemu/support/linked_qemu.hpp"
#include "tests/qemu/support/qmp_client.hpp"
#include "tests/qemu/threads/threaded_qemu_test.hpp"

namespace fermata::qemu_test {
namespace {

using time::Instant;

class ThreadedLink : public ThreadedQemuTest {
 protected:
  [[nodiscard]] LinkedQemu start(LinkedOptions options) const {
    options.threads = time_from();
    return {qemu(), options};
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, ThreadedLink, every_threaded_way(), way_name);

// What the guest's own clock showed.
std::vector<std::int64_t> clock_of(const Outputs& outputs) { return numbers_said(text_of(outputs), "t="); }

TEST_P(ThreadedLink, TheHandshakeSaysThatNothingIsExact) {
  LinkedQemu guest = start({.guest = "line", .channels = {"line=alarm:20"}});
  EXPECT_EQ(guest->abilities() & wire::link::ability_exact, 0U);
  EXPECT_NE(guest->abilities() & wire::link::ability_reactive, 0U);
  for (const wire::link::Channel& channel : guest->channels()) {
    EXPECT_EQ(channel.timing, wire::link::Timing::at_synchronisation) << channel.name;
  }
  EXPECT_THAT(guest.messages(), ::testing::HasSubstr("note: not exact: each vCPU has a thread"));
  try {
    static_cast<void>(start({.link = {.needs = wire::link::ability_exact}}));
    ADD_FAILURE() << "a simulator that needs exact instants was let in";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("exact"));
  }
}

TEST_P(ThreadedLink, OutputsHaveTheInstantsAtWhichTheGuestNextStands) {
  for (const char* vcpus : {"1", "2"}) {
    LinkedQemu guest = start({.guest = "time", .more = {"-smp", vcpus}});
    guest.run_in_quanta(Instant::at(100_ms), 1_ms);
    const Outputs outputs = guest.take_outputs();
    EXPECT_GE(clock_of(outputs).size(), 5U) << text_of(outputs);
    for (const auto& [at, text] : outputs) {
      EXPECT_EQ(at % 1'000'000, 0) << text;
    }
  }
}

// The machine stands at each input's instant, whatever the grant, and no report is made of that.
TEST_P(ThreadedLink, AnInputIsGivenAtItsInstant) {
  LinkedQemu guest = start({.guest = "line", .channels = {"line=alarm:20"}});
  std::vector<std::int64_t> given;
  for (int i = 0; i < 20; ++i) {
    const Instant at = Instant::at(20_ms + i * 3'217'003_ns);
    guest->line("alarm").set(at, true);
    guest->line("alarm").set(at + 1_ms, false);
    given.push_back(at.since_origin().ns());
  }
  const wire::Stop stop = guest->run_until(Instant::at(200_ms), limit);
  EXPECT_EQ(stop.now, Instant::at(200_ms));
  const auto seen = clock_of(guest.take_outputs());
  ASSERT_FALSE(seen.empty());
  EXPECT_GE(seen.front(), given.front() - 100) << "the guest's clock counts in units of 100 ns";
  for (const std::int64_t at : given) {  // time from the host goes on where the host runs no vCPU
    const auto first = std::ranges::find_if(seen, [at](std::int64_t when) { return when >= at - 100; });
    if (counts()) {
      ASSERT_NE(first, seen.end());
      EXPECT_LT(*first, at + 1'000'000) << "seen while the line was up";
    }
  }
}

TEST_P(ThreadedLink, SerialInputIsTakenAndEchoed) {
  LinkedQemu guest = start({.guest = "echo"});
  guest->serial("console").send(Instant::at(10'003_us), "a");
  guest->serial("console").send(Instant::at(12'345'678_ns), std::string(400, 'b'));
  guest.run_in_quanta(Instant::at(60_ms), 500_us);
  const Outputs outputs = guest.take_outputs();
  EXPECT_EQ(text_of(outputs), 'a' + std::string(400, 'b'));
  ASSERT_FALSE(outputs.empty());
  EXPECT_GE(outputs.front().first, 10'003'000);
}

// The guest `mailbox` counts in a word of its memory, and prints what is put into the next.
class Mailbox {
 public:
  Mailbox(const Qemu& qemu, sim::TimeFrom time, std::vector<std::string> reactive = {})
      : guest_(qemu, {.guest = "mailbox",
                      .channels = {"dma=memory"},
                      .link = {.reactive = std::move(reactive)},
                      .threads = time}) {
    const std::string said = text_of(guest_.run_until_it_says("\n", 1_ms));
    words_ = static_cast<std::uint64_t>(number_said(said, "words=").value());
  }
  [[nodiscard]] LinkedQemu& guest() { return guest_; }
  [[nodiscard]] std::uint64_t words() const { return words_; }

 private:
  LinkedQemu guest_;
  std::uint64_t words_ = 0;
};

TEST_P(ThreadedLink, MemoryIsReadAndWrittenWhereTheGuestStandsForIt) {
  Mailbox mailbox(qemu(), time_from());
  sim::LinkGuest& guest = *mailbox.guest().operator->();
  EXPECT_NE(guest.abilities() & wire::link::ability_dma, 0U);
  std::vector<std::int64_t> asked;
  std::vector<std::int64_t> answered;
  std::vector<std::uint32_t> counts;
  const Instant begin = guest.now();
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const Instant at = begin + 777'777_ns * i;
    asked.push_back(at.since_origin().ns());
    guest.dma("memory").read(at, mailbox.words(), 4, [&](Instant when, const sim::DmaResult& result) {
      answered.push_back(when.since_origin().ns());
      std::uint32_t count = 0;
      std::memcpy(&count, result.bytes.data(), std::min(result.bytes.size(), sizeof count));
      counts.push_back(count);
    });
    guest.dma("memory").write(at, mailbox.words() + 4, std::as_bytes(std::span(&i, 1)));
  }
  guest.run_until(begin + 20_ms, limit);
  EXPECT_EQ(answered, asked);
  EXPECT_TRUE(std::ranges::is_sorted(counts));
  mailbox.guest().run_until_it_says("mail=20\n", 1_ms);
}

TEST_P(ThreadedLink, MemoryIsAskedWhereTheGuestStands) {
  Mailbox mailbox(qemu(), time_from(), {"memory"});
  sim::LinkGuest& guest = *mailbox.guest().operator->();
  const Instant standing = guest.now();
  const std::uint32_t mail = 7;
  std::array<std::byte, 8> words{};
  EXPECT_TRUE(guest.dma("memory").write_now(mailbox.words() + 4, std::as_bytes(std::span(&mail, 1)), limit));
  EXPECT_TRUE(guest.dma("memory").read_now(mailbox.words(), words, limit));
  EXPECT_EQ(words[4], std::byte{7}) << "the guest has not run meanwhile";
  EXPECT_FALSE(guest.dma("memory").read_now(0xffff'ffff'ffff'0000, words, limit)) << "no memory";
  EXPECT_EQ(guest.now(), standing);
  mailbox.guest().run_until_it_says("mail=7\n", 1_ms);
}

// The guest stands for its simulator to take them, and goes on with the same instant.
TEST_P(ThreadedLink, AnswersThatAreTooMuchAreGivenInSeveralReports) {
  Mailbox mailbox(qemu(), time_from());
  sim::LinkGuest& guest = *mailbox.guest().operator->();
  const Instant at = guest.now() + 3_ms;
  std::vector<std::int64_t> answered;
  for (int i = 0; i < 60; ++i) {
    guest.dma("memory").read(at, 0x8000'0000, 60'000, [&](Instant when, const sim::DmaResult& result) {
      EXPECT_EQ(result.bytes.size(), 60'000U);
      answered.push_back(when.since_origin().ns());
    });
  }
  EXPECT_EQ(guest.run_until(at + 1_ms, limit).now, at + 1_ms);
  EXPECT_EQ(answered, std::vector<std::int64_t>(60, at.since_origin().ns()));
}

// As soon as it can, which is at an instant of its own, well before the horizon.
TEST_P(ThreadedLink, AReactiveOutputHasTheGuestStand) {
  LinkedQemu guest = start({.guest = "time", .link = {.reactive = {"console"}}});
  for (int i = 0; i < 5; ++i) {
    const wire::Stop stop = guest->run_until_output(Instant::at(10'000_ms), limit);
    ASSERT_EQ(stop.reason, wire::StopReason::output);
    EXPECT_LT(stop.now, Instant::at(10'000_ms));
    const Outputs outputs = guest.take_outputs();
    ASSERT_FALSE(outputs.empty());
    for (const auto& [at, text] : outputs) {
      EXPECT_EQ(at, stop.now.since_origin().ns()) << text;
    }
    guest->serial("console").send(stop.now, "x");
  }
}

TEST_P(ThreadedLink, AGrantOfThePresentInstantIsAnswered) {
  LinkedQemu guest = start({.guest = "spin"});
  guest->grant(Instant::at(1_ms));
  EXPECT_EQ(guest->wait(limit).reason, wire::StopReason::horizon);
  guest->grant(Instant::at(1_ms));  // the present instant
  const wire::Stop again = guest->wait(limit);
  EXPECT_EQ(again.now, Instant::at(1_ms));
  EXPECT_EQ(again.reason, wire::StopReason::horizon);
}

TEST_P(ThreadedLink, FramesGoBothWays) {
  LinkedQemu guest = start({.guest = "netecho",
                            .more = {"-global", "virtio-mmio.force-legacy=false", "-device",
                                     "virtio-net-device,netdev=n0,bus=virtio-mmio-bus.0"},
                            .channels = {"ethernet=n0"}});
  std::vector<std::int64_t> echoed;
  guest->ethernet("n0").on_output(
      [&](Instant at, std::span<const std::byte> /*frame*/) { echoed.push_back(at.since_origin().ns()); });
  std::vector<std::byte> frame(64);
  const unsigned header[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  std::transform(std::begin(header), std::end(header), frame.begin(), [](unsigned byte) { return std::byte(byte); });
  for (int i = 0; i < 10; ++i) {
    guest->ethernet("n0").send(Instant::at(100_ms + i * 7'003_us), frame);
  }
  guest.run_in_quanta(Instant::at(300_ms), 2_ms);
  EXPECT_EQ(echoed.size(), 10U);
  for (const std::int64_t at : echoed) {
    EXPECT_GE(at, 100'000'000);
  }
}

TEST_P(ThreadedLink, EndsAreTold) {
  LinkedQemu guest = start({.guest = "exit3"});
  const wire::Stop exit = guest->run_until(Instant::at(5_s), limit);
  EXPECT_EQ(exit.reason, wire::StopReason::powered_off);
  EXPECT_EQ(exit.exit_status, 3);
  EXPECT_LE(exit.now, Instant::at(5_s));

  LinkedQemu orderly = start({.guest = "poweroff"});
  const wire::Stop off = orderly->run_until(Instant::at(5_s), limit);
  EXPECT_EQ(off.reason, wire::StopReason::powered_off);
  EXPECT_EQ(off.exit_status, 0);
}

// A user's stop and a reset: the simulator hears of them, and the grant goes on.
TEST_P(ThreadedLink, WhatTheUserDoesIsTold) {
  QmpClient qmp;
  LinkedQemu guest = start({.guest = "time", .more = qmp.arguments(), .descriptors = {qmp.descriptor()}});
  guest->run_until(Instant::at(20_ms), limit);
  qmp.connect();
  const auto next = [&] {
    guest->grant(Instant::at(3'600'000_ms));
    return guest->wait(limit);
  };
  guest->grant(Instant::at(3'600'000_ms));
  qmp.execute("stop");
  const wire::Stop stopped = guest->wait(limit);
  EXPECT_EQ(stopped.reason, wire::StopReason::user);
  EXPECT_GE(stopped.now, Instant::at(20_ms));
  qmp.execute("cont");
  qmp.execute("system_reset");
  const wire::Stop reset = next();
  EXPECT_EQ(reset.reason, wire::StopReason::reset);
  EXPECT_GE(reset.now, stopped.now);
  qmp.execute("quit");
  EXPECT_EQ(guest->wait(limit).reason, wire::StopReason::powered_off);
}

TEST_P(ThreadedLink, CheckpointsTakeTheGuestBack) {
  const TempFolder folder;
  const std::string disk = folder.path("snapshots.qcow2");
  ASSERT_EQ(run({qemu().folder() / "qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"}).status, host::ExitStatus{});
  LinkedQemu guest =
      start({.arch = "aarch64", .guest = "time", .more = {"-drive", "if=none,format=qcow2,file=" + disk}});
  guest.run_in_quanta(Instant::at(25_ms), 1_ms);
  guest.take_outputs();
  guest->checkpoint("here", limit);
  for (int i = 0; i < 2; ++i) {
    guest.run_in_quanta(Instant::at(60_ms), 1_ms);
    const auto clock = clock_of(guest.take_outputs());
    ASSERT_FALSE(clock.empty());
    EXPECT_GE(clock.front(), 25'000'000);
    EXPECT_LT(clock.front(), 60'000'000);
    guest->restore("here", limit);
    EXPECT_EQ(guest->now(), Instant::at(25_ms));
  }
}

}  // namespace
}  // namespace fermata::qemu_test
