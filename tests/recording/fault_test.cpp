// SPDX-License-Identifier: MIT
//
// Programs that are killed while they record, disks that are full.
#include <gmock/gmock.h>

#include <csignal>

#include "fermata/base/error.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/record/reader.hpp"
#include "tests/recording/recordings.hpp"

namespace fermata::recording_test {
namespace {

using ::testing::HasSubstr;

struct Content {
  std::int64_t last_report_ns = -1;
  std::uint64_t messages = 0;
  std::string damage;
};

Content content_of(const std::string& path) {
  Content content;
  record::Reader reader(path);
  while (const record::Message* message = reader.next()) {
    ++content.messages;
    if (message->frame().header.type == wire::link::MessageType::report) {
      content.last_report_ns = wire::link::parse<wire::link::Report>(message->frame()).now_ns;
    }
  }
  content.damage = reader.damage();
  return content;
}

TEST(RecordingFault, AKilledGuestLeavesAllUpToItsLastReport) {
  const TempFolder folder;
  sim::LinkGuest guest =
      sim::LinkGuest::launch({.arguments = machine_with("time")},
                             {.channels = {"record=" + folder.path("guests")}, .record = folder.path("simulators")});
  run_in_quanta(guest, Instant::at(25_ms), 100_us);
  guest.grant(Instant::at(1000_s));
  ASSERT_EQ(::kill(*guest.pid(), SIGKILL), 0);
  EXPECT_THROW(static_cast<void>(guest.wait(limit)), base::Error);
  guest.close(limit);
  const Content guests = content_of(folder.path("guests"));
  EXPECT_EQ(guests.last_report_ns, 25'000'000);
  EXPECT_THAT(guests.damage, HasSubstr("was cut"));
  const Content simulators = content_of(folder.path("simulators"));
  EXPECT_GE(simulators.last_report_ns, 25'000'000);
  EXPECT_EQ(simulators.damage, "") << "its own end was in order";
  EXPECT_EQ(fermata({"diff", folder.path("guests"), folder.path("simulators")}).status, host::ExitStatus{.code = 2});
  std::vector<std::string> replay = {"replay", folder.path("guests"), "--"};
  const auto machine = machine_with("time");
  replay.insert(replay.end(), machine.begin(), machine.end());
  const Outcome replayed = fermata(replay);
  EXPECT_EQ(replayed.status, host::ExitStatus{.code = 2});
  EXPECT_THAT(replayed.errors, HasSubstr("was cut"));
  EXPECT_THAT(replayed.errors, HasSubstr("events of the guest trace are equal, up to 0.025000000 s"));
}

// The simulator is a replay that takes long.
TEST(RecordingFault, AKilledSimulatorLeavesAllUpToTheLastReport) {
  const TempFolder folder;
  {
    sim::LinkGuest guest = sim::LinkGuest::launch({.arguments = machine_with("idle")}, {.record = folder.path("long")});
    run_in_quanta(guest, Instant::at(1_s), 1_s);
  }
  std::vector<std::string> arguments = {
      built_program("fermata"), "replay", "--quantum", "1us", "--record", folder.path("killed"),
      folder.path("long"),      "--"};
  const auto machine = machine_with("idle");
  arguments.insert(arguments.end(), machine.begin(), machine.end());
  const host::ChildProcess replay({.arguments = arguments});
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  const auto messages = [&folder] {
    const bool is_begun = read_file(folder.path("killed")).starts_with("FERMAREC");
    return is_begun ? content_of(folder.path("killed")).messages : 0;
  };
  while (messages() < 500) {
    ASSERT_FALSE(deadline.has_passed());
    ASSERT_FALSE(replay.wait(1ms)) << "it was to be killed";
  }
  ASSERT_EQ(::kill(replay.pid(), SIGKILL), 0);
  EXPECT_EQ(replay.wait(limit), (host::ExitStatus{.code = 0, .signal = SIGKILL}));
  const Content content = content_of(folder.path("killed"));
  EXPECT_THAT(content.damage, HasSubstr("was cut"));
  EXPECT_GE(content.messages, 500U);
  EXPECT_GT(content.last_report_ns, 100'000);
  EXPECT_EQ(content.last_report_ns % 1000, 0);
}

TEST(RecordingFault, AFullDiskEndsTheRun) {
  try {
    sim::LinkGuest guest = sim::LinkGuest::launch({.arguments = machine_with("time")}, {.record = "/dev/full"});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::host_failure);
    EXPECT_THAT(error.what(), HasSubstr("/dev/full"));
  }
  const TempFolder folder;
  const auto errors = create_file(folder.path("errors"));
  EXPECT_THROW(
      static_cast<void>(sim::LinkGuest::launch({.arguments = machine_with("time"), .standard_error = errors.get()},
                                               {.channels = {"record=/dev/full"}})),
      base::Error);
  EXPECT_THAT(read_file(folder.path("errors")),
              HasSubstr("cannot write the recording /dev/full, which is not whole: No space left on device"));
}

}  // namespace
}  // namespace fermata::recording_test
