// SPDX-License-Identifier: MIT
//
// Recordings of guests whose horizon was kept ahead of them: the same guest trace as of one that stood each quantum,
// and replayed by a new guest without the simulator.
#include <gmock/gmock.h>

#include "tests/link_conformance/recorded.hpp"

namespace fermata::conformance_test {
namespace {

constexpr Duration replay_quantum = 50_us;

// `on_quantum` each quantum until `end`: of a guest that stands there; or runs on, so many quanta ahead at most.
void run_quanta(sim::LinkGuest& guest, Instant end, int quanta_ahead, const std::function<void(Instant)>& on_quantum) {
  if (quanta_ahead > 0) {
    guest.run_ahead(end, {.quantum = replay_quantum, .distance = replay_quantum * quanta_ahead}, on_quantum, limit);
    return;
  }
  for (Instant at = guest.now() + replay_quantum; at <= end; at = at + replay_quantum) {
    guest.run_until(at, limit);
    on_quantum(at);
  }
}

// A simulator that sends letters, and answers what it hears some quanta later.
void converse(sim::LinkGuest& guest, Instant booted, int quanta_ahead) {
  auto serial = guest.serial("serial0");
  std::vector<Instant> heard;
  serial.on_output([&heard](Instant at, std::string_view) { heard.push_back(at); });
  guest.run_until(booted, limit);
  char letter = 'a';
  run_quanta(guest, booted + 8_ms, quanta_ahead, [&](Instant reached) {
    if (letter <= 'z' && (reached - Instant::origin()) % 200_us == 0_ns) {
      serial.send(reached + 850_us, std::string(1, letter++));
    }
    for (const Instant at : std::exchange(heard, {})) {
      if (at.since_origin().ns() % 3 == 0) {
        serial.send(reached + 850_us, "!");
      }
    }
  });
  guest.run_until(booted + 12_ms, limit);
}

class ReplayAhead : public RecordedConformance {
 protected:
  // A run that was recorded; its file.
  template <typename Simulate>
  std::string record(const std::string& name, Wanted wanted, Simulate simulate) {
    wanted.link.record = folder_.path(name);
    Guest guest(target(), wanted);
    simulate(*guest);
    guest->close(limit);
    return wanted.link.record;
  }

 private:
  TempFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Each, ReplayAhead, each_target(), target_name);

TEST_P(ReplayAhead, ARunThatWasKeptAheadIsTheSameAndIsReplayed) {
  const Wanted wanted{.program = "echo"};
  const auto recorded = [&](const std::string& name, int quanta_ahead) {
    return record(name, wanted, [&](sim::LinkGuest& guest) { converse(guest, target().booted(), quanta_ahead); });
  };
  const std::string standing = recorded("standing", 0);
  EXPECT_THAT(run_fermata({"trace", "print", "--guest", standing}).output,
              ::testing::ContainsRegex("input serial0 z.*output serial0 !"));
  for (const int quanta_ahead : {1, 4, 16}) {
    const std::string ahead = recorded("ahead" + std::to_string(quanta_ahead), quanta_ahead);
    expect_equal(standing, ahead);
    if (quanta_ahead > 1) {
      expect_replayed(ahead, wanted);
    }
  }
}

TEST_P(ReplayAhead, ReadsAndReactiveOutputsAreReplayedAtTheirInstants) {
  const Wanted wanted{.program = "window", .has_window = true, .link = {.reactive = {"serial0"}}};
  SKIP_IF_IT_LACKS(wanted);
  const auto recorded = [&](const std::string& name, int quanta_ahead) {
    return record(name, wanted, [&](sim::LinkGuest& guest) {
      guest.mmio("board").on_read([](Instant at, std::uint64_t, unsigned) {
        return sim::MmioValue{at.since_origin().ns() % 1000, at + 63_us};  // across quanta
      });
      auto serial = guest.serial("serial0");
      serial.on_output([serial](Instant at, std::string_view) mutable { serial.send(at, "?"); });
      run_quanta(guest, after(5_ms), quanta_ahead, [](Instant) {});
    });
  };
  const std::string standing = recorded("standing", 0);
  const std::string ahead = recorded("ahead", 4);
  expect_equal(standing, ahead);
  expect_replayed(ahead, wanted);
}

TEST_P(ReplayAhead, CheckpointsBetweenAreReplayed) {
  const Wanted wanted{.program = "echo", .keeps_checkpoints = true};
  SKIP_IF_IT_LACKS(wanted, wire::link::ability_checkpoints);
  const std::string ahead = record("ahead", wanted, [&](sim::LinkGuest& guest) {
    auto serial = guest.serial("serial0");
    const auto letters = [&](Instant end, char letter) {
      run_quanta(guest, end, 4, [&serial, letter](Instant reached) mutable {
        if ((reached - Instant::origin()) % 400_us == 0_ns) {
          serial.send(reached + 300_us, std::string(1, letter++));
        }
      });
    };
    guest.run_until(target().booted(), limit);
    letters(after(2_ms), 'a');
    guest.checkpoint("one", limit);
    letters(after(4_ms), 'k');
    guest.restore("one", limit);
    letters(after(4_ms), 'A');
  });
  expect_replayed(ahead, wanted);
}

TEST_P(ReplayAhead, AGuestThatPowersOffOnTheWayDoesSoAgain) {
  const Wanted wanted{.program = "exit3"};
  SKIP_IF_IT_LACKS(wanted);
  const std::string ahead =
      record("ahead", wanted, [&](sim::LinkGuest& guest) { run_quanta(guest, after(1_s), 8, [](Instant) {}); });
  expect_replayed(ahead, wanted, target().is_machine());  // a QEMU tells it at a grant's end, or a milestone
}

}  // namespace
}  // namespace fermata::conformance_test
