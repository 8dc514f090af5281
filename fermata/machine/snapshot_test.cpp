// SPDX-License-Identifier: MIT
// The envelope, and whole machines through it: save, restore, run on, equal traces.
#include "fermata/machine/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fermata/base/error.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/furnished.hpp"
#include "fermata/machine/testing/programs.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using ::testing::HasSubstr;
using time::Instant;

std::vector<std::byte> some_state() {
  state::Writer writer;
  for (std::uint64_t i = 0; i < 100; ++i) {
    writer.u64(i * i);
  }
  writer.u8(7);
  return writer.take();
}

std::string refusal(const std::string& kind, std::span<const std::byte> snapshot) {
  try {
    static_cast<void>(open_snapshot(kind, snapshot));
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    return error.what();
  }
  return "accepted";
}

TEST(Snapshot, GivesBackWhatWasSealed) {
  const auto state = some_state();
  const auto snapshot = seal_snapshot("ram=1", state);
  const auto opened = open_snapshot("ram=1", snapshot);
  EXPECT_TRUE(std::ranges::equal(opened, state));
}

TEST(Snapshot, EveryCutAndEveryChangedByteIsNoticed) {
  const auto snapshot = seal_snapshot("ram=1", some_state());
  for (std::size_t size = 0; size < snapshot.size(); ++size) {
    ASSERT_NE(refusal("ram=1", std::span(snapshot).first(size)), "accepted") << size;
  }
  for (std::size_t at = 0; at < snapshot.size(); ++at) {
    auto damaged = snapshot;
    damaged[at] ^= std::byte{0x10};
    ASSERT_NE(refusal("ram=1", damaged), "accepted") << at;
  }
  auto longer = snapshot;
  longer.push_back({});
  EXPECT_THAT(refusal("ram=1", longer), HasSubstr("damaged"));
}

TEST(Snapshot, OfAnotherMachineNamesBoth) {
  EXPECT_THAT(refusal("ram=2", seal_snapshot("ram=1", some_state())), HasSubstr("(ram=1; this one: ram=2)"));
}

class MachineSnapshot : public ::testing::TestWithParam<int> {
 protected:
  struct Run {
    trace::MemorySink trace;
    std::unique_ptr<Machine> machine;
  };

  // Harts 1 or 2, with output that depends on when each executed what.
  static std::unique_ptr<Run> make(std::uint64_t ram_size = 1 << 20) {
    auto run = std::make_unique<Run>();
    const unsigned harts = static_cast<unsigned>(GetParam());
    Config config;
    config.boot =
        testing::plan_of(harts == 1 ? testing::tick_every(500_us) : testing::compare_harts(500_us), harts, ram_size);
    config.trace = &run->trace;
    run->machine = std::make_unique<Machine>(std::move(config));
    return run;
  }
  // The guest's records from an instant on.
  static std::string records_after(const Run& run, Instant from) {
    std::string text;
    for (const trace::Record& record : run.trace.records()) {
      if (record.at > from && record.kind != trace::RecordKind::guest_rebased) {
        text += to_line(record) + "\n";
      }
    }
    return text;
  }
};

INSTANTIATE_TEST_SUITE_P(Harts, MachineSnapshot, ::testing::Values(1, 2));

TEST_P(MachineSnapshot, RunsOnAsIfNothingHadBeen) {
  const auto whole = make();
  whole->machine->run_until(Instant::at(20_ms));
  const auto first = make();
  const Instant cut = first->machine->run_until(Instant::at(7'654'321_ns)).now;
  const auto snapshot = first->machine->save();
  EXPECT_EQ(first->machine->save(), snapshot) << "the same state gives the same bytes";

  first->machine->run_until(Instant::at(20_ms));
  EXPECT_EQ(records_after(*first, Instant::origin()), records_after(*whole, Instant::origin()));
  EXPECT_EQ(first->machine->save(), whole->machine->save());

  const auto restored = make();
  restored->machine->load(snapshot);
  EXPECT_EQ(restored->machine->now(), cut);
  EXPECT_EQ(restored->machine->save(), snapshot);
  restored->machine->run_until(Instant::at(20_ms));
  EXPECT_EQ(records_after(*restored, cut), records_after(*whole, cut));
  EXPECT_NE(records_after(*restored, cut), "");
  EXPECT_EQ(restored->machine->save(), whole->machine->save());

  whole->machine->load(snapshot);  // back into one that has gone on
  whole->machine->run_until(Instant::at(20_ms));
  EXPECT_EQ(whole->machine->save(), first->machine->save());
}

TEST_P(MachineSnapshot, IsOfPagesThatAreNotZero) {
  EXPECT_LT(make(std::uint64_t{64} << 20)->machine->save().size(), 64U * 1024);
}

TEST_P(MachineSnapshot, ADamagedOneLeavesTheMachineAsItWas) {
  const auto run = make();
  run->machine->run_until(Instant::at(3_ms));
  auto snapshot = run->machine->save();
  const auto before = snapshot;
  snapshot[snapshot.size() / 2] ^= std::byte{1};
  EXPECT_THROW(run->machine->load(snapshot), base::Error);
  EXPECT_THROW(run->machine->load({}), base::Error);
  EXPECT_EQ(run->machine->save(), before);
  const auto other = make(2 << 20);
  EXPECT_THROW(other->machine->load(before), base::Error) << "of another size";
}

TEST(MachineSnapshotOfTheEnd, AMachineThatHasEndedStaysEnded) {
  Config config;
  config.boot = testing::plan_of(testing::finish(0x33333));
  Machine machine(std::move(config));
  const Stop stop = machine.run_until(Instant::at(1_ms));
  Machine other(Config{.boot = testing::plan_of(testing::finish(0x33333))});
  other.load(machine.save());
  EXPECT_EQ(other.run_until(Instant::at(1_ms)), stop);
  EXPECT_EQ(stop.exit_status, 3);
}

void fill_with_noise(std::span<std::byte> bytes) {
  std::uint32_t noise = 1;
  for (std::byte& byte : bytes) {
    noise = noise * 1'664'525 + 1'013'904'223;
    byte = static_cast<std::byte>(noise >> 24);
  }
}

struct MachineWithDisk {
  explicit MachineWithDisk(std::uint64_t size) {
    auto made = std::make_unique<device::virtio::RamDisk>(size);
    disk = made.get();
    Config config;
    config.boot = testing::plan_of(testing::wait_for_ever());
    config.disks.push_back(std::move(made));
    machine = std::make_unique<Machine>(std::move(config));
  }
  device::virtio::RamDisk* disk;  // the machine's
  std::unique_ptr<Machine> machine;
};

TEST(MachineSnapshotOfDisks, HasEachOnce) {
  std::size_t sizes[2] = {};
  for (const std::size_t mib : {1U, 2U}) {
    const MachineWithDisk with(mib << 20);
    fill_with_noise(with.disk->bytes());
    sizes[mib - 1] = with.machine->save().size();
  }
  EXPECT_GE(sizes[1] - sizes[0], std::size_t{1} << 20);
  EXPECT_LT(sizes[1] - sizes[0], (std::size_t{1} << 20) + 16 * 1024) << "a megabyte more of disk";
}

TEST(MachineSnapshotOfDisks, GivesTheirContentsBack) {
  const MachineWithDisk first(64 * 1024);
  fill_with_noise(first.disk->bytes());
  const MachineWithDisk second(64 * 1024);
  second.machine->load(first.machine->save());
  EXPECT_TRUE(std::ranges::equal(second.disk->bytes(), first.disk->bytes()));
}

TEST(MachineSnapshotOfNonsense, MayNotGoOnBehindItsEnd) {
  const auto machine = testing::make_furnished();
  const auto good = machine->save();
  auto state = testing::state_of(good);
  state.push_back(std::byte{0});
  try {
    machine->load(seal_snapshot(testing::kind_of(good), state));
    ADD_FAILURE() << "accepted";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("goes on"));
  }
  machine->load(good);
  EXPECT_EQ(machine->save(), good);
}

// Each byte of the time, the devices and the harts, and some of the memory, changed in turn, or the number there made
// as large as can be: refused, or taken and run on. Never a crash.
TEST(MachineSnapshotOfNonsense, IsRefusedOrRunsOn) {
  const auto good = testing::make_furnished()->save();
  const std::string kind = testing::kind_of(good);
  const auto state = testing::state_of(good);
  const std::string_view text(reinterpret_cast<const char*>(state.data()), state.size());
  const std::size_t memory = text.find("memory");
  const std::size_t devices = text.find("uart_16550");
  ASSERT_NE(devices, std::string_view::npos);
  const auto victim = testing::make_furnished();
  int refused = 0;
  int taken = 0;
  for (std::size_t at = 0; at<state.size(); at += at> memory && at < devices ? 97 : 1) {
    auto changed = state;
    const std::size_t kind_of_change = at % 4;  // a low bit, all bits, the largest number of 32 bits, that of 63
    const std::size_t size =
        kind_of_change < 2 ? 1 : std::min<std::size_t>(kind_of_change == 2 ? 4 : 8, state.size() - at);
    for (std::size_t i = at; i < at + size; ++i) {
      changed[i] = size > 1 ? std::byte{0xff} : changed[i] ^ (kind_of_change == 0 ? std::byte{0x01} : std::byte{0xff});
    }
    if (size == 8) {
      changed[at + 7] = std::byte{0x7f};
    }
    (testing::load_and_run(*victim, kind, changed) ? taken : refused) += 1;
  }
  EXPECT_GT(refused, 200);
  EXPECT_GT(taken, 200);
  victim->load(good);
  EXPECT_EQ(victim->save(), good) << "nothing of all that is left in it";
}

// Bytes that pass the envelope and are nonsense: an error, never a crash.
TEST(MachineSnapshotOfNonsense, IsAnError) {
  Machine machine(Config{.boot = testing::plan_of(testing::tick_every(1_ms))});
  machine.run_until(Instant::at(5_ms));
  const auto good = machine.save();
  const std::string kind = "ram=1048576 harts=1 disks=0 console=false rtc=virtual";
  const auto state = open_snapshot(kind, good);
  int refused = 0;
  for (std::size_t at = 0; at < state.size(); at += 7) {
    std::vector<std::byte> nonsense(state.begin(), state.end());
    nonsense[at] ^= std::byte{0xff};
    Machine victim(Config{.boot = testing::plan_of(testing::tick_every(1_ms))});
    try {
      victim.load(seal_snapshot(kind, nonsense));
      victim.run_until(victim.now() + 10_us, {.work = 10'000});
    } catch (const base::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace fermata::machine
