// SPDX-License-Identifier: MIT
//
// Windows of the simulator's on QEMUs whose vCPUs have a thread each: a read holds all of them, one within its
// instruction.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/host/clock.hpp"
#include "tests/qemu/support/linked_qemu.hpp"
#include "tests/qemu/support/qmp_client.hpp"
#include "tests/qemu/threads/threaded_qemu_test.hpp"

namespace fermata::qemu_test {
namespace {

using time::Duration;
using time::Instant;

void pass_host_time(host::HostDuration span) { host::PunctualWait().until(host::HostClock::monotonic().now() + span); }

class ThreadedWindows : public ThreadedQemuTest {
 protected:
  [[nodiscard]] LinkedQemu start(LinkedOptions options = {}) const {
    options.guest = "windows";
    options.threads = time_from();
    options.more.insert(options.more.end(), {"-smp", "2"});
    options.channels = {options.arch == "aarch64" ? "window=board@0x0b000000+0x1000"
                                                  : "window=board@0x10010000+0x1000"};
    return {qemu(), options};
  }
  // Words that rise by one, of each offset's own, after `latency`.
  static void answer(
      LinkedQemu& guest, Duration latency, std::function<void(std::uint64_t offset)> meanwhile = [](std::uint64_t) {}) {
    guest->mmio("board").on_read([latency, meanwhile, next = std::map<std::uint64_t, std::uint32_t>{}](
                                     Instant at, std::uint64_t offset, unsigned size) mutable {
      EXPECT_EQ(size, 4U);
      meanwhile(offset);
      return sim::MmioValue(++next[offset], at + latency);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, ThreadedWindows, every_threaded_way(), way_name);

// While the simulator thinks, and while time passes until its answer.
TEST_P(ThreadedWindows, AReadHoldsAllVcpus) {
  for (const Duration latency : {0_ns, 20_us, 3_ms}) {
    LinkedQemu guest = start();
    std::vector<std::uint64_t> written;
    guest->mmio("board").on_write([&](Instant, std::uint64_t offset, unsigned, std::uint64_t value) {
      if (offset == 4) {
        written.push_back(value);
      }
    });
    answer(guest, latency, [](std::uint64_t offset) { pass_host_time(offset == 0 ? 20ms : 0ms); });
    const std::string said = text_of(guest.run_until_it_says("read=8\n", 1_ms));
    const auto read = numbers_said(said, "read=");
    const auto took = numbers_said(said, "took=");
    auto during = numbers_said(said, "during=");
    ASSERT_GE(during.size(), 5U) << said;
    for (std::size_t i = 0; i < during.size(); ++i) {
      EXPECT_EQ(read[i], static_cast<std::int64_t>(i + 1));
      EXPECT_GE(took[i], latency.ns());
      EXPECT_EQ(written.at(i), static_cast<std::uint64_t>(read[i] + 1));
    }
    std::ranges::sort(during);
    EXPECT_LT(during[during.size() / 2], 300'000) << "millions in 20 ms of the host's:\n" << said;
    EXPECT_EQ(numbers_said(said, "faults=").back(), 0);
  }
}

// Horizons, the instants of inputs and what the other vCPU reads come in the middle of it all.
TEST_P(ThreadedWindows, ReadsGoOnWhateverTheQuantum) {
  for (const Duration quantum : {200_us, 700_us, 5_ms}) {
    for (const Duration latency : {0_ns, 15_us}) {
      LinkedQemu guest = start();
      answer(guest, latency);
      const std::string said = text_of(guest.run_until_it_says("read=20\n", quantum));
      const auto read = numbers_said(said, "read=");
      ASSERT_GE(read.size(), 5U) << said;
      EXPECT_EQ(read.back(), static_cast<std::int64_t>(read.size()));
      EXPECT_EQ(numbers_said(said, "faults=").back(), 0) << said;
    }
  }
}

// One that does nothing but read leaves the other its turns.
TEST_P(ThreadedWindows, WhoPollsDoesNotStarveTheOther) {
  LinkedQemu guest = start();
  int polls = 0;
  bool is_written = false;
  guest->mmio("board").on_write(
      [&](Instant, std::uint64_t offset, unsigned, std::uint64_t) { is_written = is_written || offset == 20; });
  guest->mmio("board").on_read([&](Instant at, std::uint64_t offset, unsigned) {
    polls += offset == 16 ? 1 : 0;
    return sim::MmioValue(offset == 16 ? std::uint64_t{is_written} : 1U, at + 500_ns);
  });
  guest.run_until_it_says("read=1\n", 1_ms);
  EXPECT_GT(polls, 5);
}

// Another core waits until all have left guest code, which the one that reads does not before it is answered.
TEST_P(ThreadedWindows, ACoreThatIsToBeAloneWaitsForTheRead) {
  LinkedQemu guest = start({.arch = "aarch64"});
  answer(guest, 1_us);
  const auto read = numbers_said(text_of(guest.run_until_it_says("read=300\n", 1_ms)), "read=");
  ASSERT_GE(read.size(), 30U);
  EXPECT_EQ(read.front(), 10);
}

// What has the vCPUs pause waits for the instruction, and so for the simulator: the user's commands come from a thread
// of their own, from the middle of a read.
TEST_P(ThreadedWindows, WhatTheUserDoesWithinAReadIsToldAfterIt) {
  QmpClient qmp;
  LinkedQemu guest = start({.more = qmp.arguments(), .descriptors = {qmp.descriptor()}});
  qmp.connect();
  std::string command;
  std::jthread user;
  answer(guest, 50_us, [&](std::uint64_t) {
    if (!command.empty()) {
      user = std::jthread([&qmp, what = std::exchange(command, {})] { qmp.execute(what); });
      pass_host_time(20ms);
    }
  });
  const auto next_after = [&](const std::string& what) {
    command = what;
    guest->grant(Instant::at(3'600'000_ms));
    const wire::Stop stop = guest->wait(limit);
    user.join();
    return stop;
  };
  guest.run_in_quanta(Instant::at(10_ms), 1_ms);
  const wire::Stop stopped = next_after("stop");
  EXPECT_EQ(stopped.reason, wire::StopReason::user);
  EXPECT_GE(stopped.now, Instant::at(10_ms));
  EXPECT_EQ(qmp.status(), "paused");
  qmp.execute("cont");
  const wire::Stop reset = next_after("system_reset");
  EXPECT_EQ(reset.reason, wire::StopReason::reset);
  EXPECT_GE(reset.now, stopped.now);
  EXPECT_EQ(next_after("quit").reason, wire::StopReason::powered_off);
}

// What the guest would do without an answer happens nowhere. Not on riscv64, whose machine timer QEMU does not take
// back.
TEST_P(ThreadedWindows, ARestoreForgetsTheReadThatWaits) {
  const TempFolder folder;
  const std::string disk = folder.path("snapshots.qcow2");
  ASSERT_EQ(run({qemu().folder() / "qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"}).status, host::ExitStatus{});
  LinkedQemu guest = start({.arch = "aarch64", .more = {"-drive", "if=none,format=qcow2,file=" + disk}});
  guest->checkpoint("here", limit);
  for (int i = 0; i < 3; ++i) {
    answer(guest, 0_ns);
    guest.run_until_it_says("read=50\n", 1_ms);
    guest->mmio("board").on_read({});
    EXPECT_THROW(guest->run_until(guest->now() + 1'000_ms, limit), base::Error);
    EXPECT_THROW(guest->checkpoint("within", limit), base::Error);
    guest->restore("here", limit);
    EXPECT_EQ(guest->now(), Instant::origin());
    EXPECT_THAT(text_of(guest.take_outputs()), ::testing::Not(::testing::HasSubstr("4294967295")));
  }
}

TEST_P(ThreadedWindows, AReadThatNobodyAnswersIsAnErrorAndTheGuestEndsInOrder) {
  LinkedQemu guest = start();
  EXPECT_THROW(guest->run_until(Instant::at(20'000_ms), limit), base::Error);
  EXPECT_EQ(guest->close(limit), host::ExitStatus{}) << guest.messages();
}

}  // namespace
}  // namespace fermata::qemu_test
