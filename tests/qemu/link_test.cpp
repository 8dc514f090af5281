// SPDX-License-Identifier: MIT
//
// What is a stock QEMU's own in link v1. All that both kinds of guest have is in tests/link_conformance.
#include <gmock/gmock.h>

#include "fermata/base/error.hpp"
#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::qemu_test {
namespace {

using time::Instant;

class Link : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, Link, every_version(), version_name);

// Where standing shows in whose turn is next, the guest stands instead of telling its progress.
TEST_P(Link, SeveralVcpusStandWhereOthersTellTheirProgress) {
  LinkedQemu guest(qemu(), {.guest = "smp", .more = {"-smp", "2"}});
  EXPECT_EQ(guest->abilities() & wire::link::ability_progress, 0U);
  int count = 0;
  const wire::Stop stop = guest->run_ahead(
      Instant::at(1_ms), {.quantum = 100_us, .distance = 400_us}, [&](Instant) { ++count; }, limit);
  EXPECT_EQ(stop.now, Instant::at(1_ms));
  EXPECT_EQ(count, 10);
}

TEST_P(Link, APanicIsToldAsOne) {
  LinkedQemu guest(qemu(), {.arch = "x86_64", .guest = "panic", .more = {"-device", "pvpanic"}});
  EXPECT_EQ(guest->run_until(Instant::at(1_s), limit).reason, wire::StopReason::panicked);
}

TEST_P(Link, WhatIsNotThereIsNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"line=alarm:2000", "riscv.sifive.plic has no such input"},
      {"line=alarm:5:no-such-device", "no interrupt controller of type no-such-device"},
      {"window=board@0x1000", "is NAME@BASE+SIZE"},
      {"serial=console", "the name is there twice"},
      {"frobnicate=1", "unknown key \"frobnicate\""},
  };
  for (const auto& [channel, complaint] : cases) {
    const TempFolder folder;
    const host::UniqueFd messages = create_file(folder.path("messages"));
    host::Command command = [&] {
      auto arguments = qemu().command_line("riscv64", "spin");
      arguments.insert(arguments.begin(), {built_program("fermata-qemu"), "--add-missing"});
      return host::Command{.arguments = std::move(arguments)};
    }();
    command.standard_error = messages.get();
    EXPECT_THROW(static_cast<void>(sim::LinkGuest::launch(command, {.channels = {"serial=console", channel}})),
                 base::Error)
        << channel;
    EXPECT_THAT(read_file(folder.path("messages")), ::testing::HasSubstr(complaint));
  }
}

}  // namespace
}  // namespace fermata::qemu_test
