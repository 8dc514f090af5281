// SPDX-License-Identifier: MIT
//
// Snapshots: the guest's clock jumps when one is loaded, the simulator's goes on.
#include <fstream>

#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/qmp_client.hpp"

namespace fermata::qemu_test {
namespace {

// An empty qcow2 image (version 2, 64 MiB): header, table of reference counts, its only block, table of mappings.
void write_empty_disk(const std::string& path) {
  constexpr std::uint64_t cluster = 0x10000;
  std::string image(4 * cluster, '\0');
  const auto put = [&image](std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      image[at + i] = static_cast<char>(value >> 8 * (bytes - 1 - i));
    }
  };
  put(0, 0x514649fb, 4);
  put(4, 2, 4);             // version
  put(20, 16, 4);           // cluster bits
  put(24, 64 << 20, 8);     // size
  put(36, 1, 4);            // entries of the table of mappings
  put(40, 3 * cluster, 8);  // where that is
  put(48, cluster, 8);      // the table of reference counts
  put(56, 1, 4);            // its clusters
  put(cluster, 2 * cluster, 8);
  for (std::size_t i = 0; i < 4; ++i) {
    put(2 * cluster + 2 * i, 1, 2);
  }
  std::ofstream(path, std::ios::binary) << image;
}

class Snapshot : public QemuTest {
 protected:
  void SetUp() override {
    QemuTest::SetUp();
    write_empty_disk(folder_.path("disk"));
  }

  struct Started {
    QmpClient qmp;
    std::optional<Machine> machine;
  };
  [[nodiscard]] std::unique_ptr<Started> start(const std::string& guest, const std::vector<std::string>& more = {},
                                               const std::string& arch = "riscv64") const {
    auto started = std::make_unique<Started>();
    MachineOptions options{.arch = arch, .guest = guest, .more = started->qmp.arguments()};
    options.more.insert(options.more.end(), {"-drive", "if=none,format=qcow2,file=" + folder_.path("disk")});
    options.more.insert(options.more.end(), more.begin(), more.end());
    options.descriptors = {started->qmp.descriptor()};
    started->machine.emplace(qemu(), options);
    started->qmp.connect();
    return started;
  }

  TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Qemu, Snapshot, every_version(), version_name);

TEST_P(Snapshot, SaveAndLoadWhileHeld) {
  for (const char* guest : {"spin", "idle", "time"}) {
    SCOPED_TRACE(guest);
    auto started = start(guest);
    Machine& machine = *started->machine;
    machine.advance_exactly(1_ms, 50);
    EXPECT_EQ(started->qmp.human("savevm one"), "");
    machine.advance_exactly(1_ms, 50);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(started->qmp.human("loadvm one"), "");
      machine.advance_exactly(1_ms, 20);
      machine.advance_exactly(10_us, 20);
    }
    EXPECT_EQ(machine.guest().now(), time::Instant::at(160_ms + 600_us));
  }
}

TEST_P(Snapshot, SaveAndLoadInMidGrant) {
  constexpr time::Duration long_grant = 3_s;
  auto started = start("spin");
  Machine& machine = *started->machine;
  machine.advance_exactly(1_ms);
  machine.guest().grant(long_grant);
  EXPECT_EQ(started->qmp.human("savevm one"), "");
  EXPECT_EQ(started->qmp.human("loadvm one"), "");
  machine.expect_report(long_grant);
  machine.advance_exactly(1_ms, 20);
  EXPECT_EQ(started->qmp.human("loadvm one"), "");
  machine.advance_exactly(1_ms, 20);
}

TEST_P(Snapshot, LoadWhileStopped) {
  auto started = start("idle");
  Machine& machine = *started->machine;
  machine.advance_exactly(1_ms, 10);
  EXPECT_EQ(started->qmp.human("savevm one"), "");
  machine.advance_exactly(1_ms, 10);
  started->qmp.execute("stop");
  EXPECT_EQ(started->qmp.human("loadvm one"), "");
  machine.guest().grant(1_ms);
  machine.expect_no_report(50ms);
  started->qmp.execute("cont");
  machine.expect_report(1_ms);
  machine.advance_exactly(1_ms, 10);
}

// The guest goes on where it was saved; what comes out is the same each time it is loaded. (Not on riscv64: QEMU's
// mtime is not part of its snapshots and falls behind by what was run since.)
TEST_P(Snapshot, GuestGoesOnWhereItWasSaved) {
  auto started = start("time", {}, "aarch64");
  Machine& machine = *started->machine;
  machine.advance_exactly(1_ms, 55);
  EXPECT_EQ(started->qmp.human("savevm one"), "");
  const std::size_t saved = machine.output().size();
  machine.advance_exactly(1_ms, 50);
  const std::string first = machine.output().substr(saved);
  EXPECT_EQ(first.substr(0, 4), "t=60");
  EXPECT_EQ(started->qmp.human("loadvm one"), "");
  machine.advance_exactly(1_ms, 50);
  EXPECT_EQ(machine.output().substr(saved + first.size()), first);
}

TEST_P(Snapshot, StartFromOne) {
  std::string expected;
  {
    auto started = start("time");
    started->machine->advance_exactly(1_ms, 55);
    EXPECT_EQ(started->qmp.human("savevm boot"), "");
    const std::size_t saved = started->machine->output().size();
    started->machine->advance_exactly(1_ms, 50);
    expected = started->machine->output().substr(saved);
    started->qmp.execute("quit");
    EXPECT_EQ(started->machine->expect_end(), host::ExitStatus{});
  }
  for (int i = 0; i < 2; ++i) {
    auto started = start("time", {"-loadvm", "boot"});
    EXPECT_EQ(started->machine->guest().now(), time::Instant::origin());
    started->machine->advance_exactly(1_ms, 50);
    EXPECT_EQ(started->machine->output(), expected);
    started->machine->advance_exactly(10_us, 50);
  }
}

}  // namespace
}  // namespace fermata::qemu_test
