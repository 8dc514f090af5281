// SPDX-License-Identifier: MIT
//
// The co-simulation with a guest of the test's own, and with the firmware on an embedded machine.
#include "experiment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"
#include "machine_controller.hpp"

namespace heated_room {
namespace {

using fermata::base::Error;
using fermata::sim::testing::FakeGuest;
using fermata::sim::testing::stop_at;
using fermata::wire::StopReason;
using fermata::wire::link::ChannelKind;
using fermata::wire::link::GuestSession;
using fermata::wire::link::testing::bytes_of;
using testing::HasSubstr;

struct Seen final : Observer {
  void on_booting(Instant /*now*/) override { ++quanta; }
  void on_ready(Instant now) override { ready = now; }
  void on_sample(const Sample& sample) override { samples.push_back(sample); }

  int quanta = 0;
  Instant ready;
  std::vector<Sample> samples;
};

// What the fake controller does; ready at 1.25 s, answers some microseconds after a line.
struct Script {
  std::string ready = "R\n";
  std::string answer = "H 1 U 0.00\n";
  StopReason at_q = StopReason::powered_off;
  int exit_status = 0;
  Duration answer_time = 5_us;
  bool dies_at_once = false;
};

class FakeController final : public Controller {
 public:
  explicit FakeController(Script script)
      : script_(std::move(script)),
        fake_([this](GuestSession& session, Instant horizon) { run(session, horizon); }, {},
              {.name = "fake",
               .abilities = fermata::wire::link::ability_exact,
               .channels = {{.kind = ChannelKind::serial, .input_bound = 64, .output_bound = 64, .name = "plant"}}}) {}

  fermata::sim::LinkGuest& guest() override { return *fake_.guest; }
  std::string plant_channel() const override { return "plant"; }
  std::string software() const override { return "the fake"; }
  std::string where_to_look() const override { return "see the test"; }

 private:
  void run(GuestSession& session, Instant horizon) {
    if (script_.dies_at_once) {
      stop_at(session, horizon, StopReason::panicked);
      return;
    }
    if (horizon >= Instant::at(1250_ms) && !script_.ready.empty()) {
      session.output(1, Instant::at(1250_ms), bytes_of(std::exchange(script_.ready, "")));
    }
    for (; taken_ < fake_.port.inputs.size(); ++taken_) {
      const auto& input = fake_.port.inputs[taken_];
      const Instant at = Instant::at(Duration::nanoseconds(input.at_ns)) + script_.answer_time;
      if (at > horizon) {
        break;
      }
      if (input.payload == "Q") {
        session.stopped({.now = at, .reason = script_.at_q, .exit_status = script_.exit_status});
        return;
      }
      if (input.payload == "\n") {
        session.output(1, at, bytes_of(script_.answer));
      }
    }
    stop_at(session, horizon);
  }

  Script script_;
  std::size_t taken_ = 0;
  FakeGuest fake_;
};

// What the experiment complains of; empty if it does not.
std::string complaint(const Script& script) {
  FakeController controller(script);
  Seen seen;
  try {
    static_cast<void>(Experiment({.duration = 3_s}, controller, seen).run());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Experiment, AsksAtWholeSecondsAndSwitchesAtTheAnswersInstant) {
  FakeController controller({.exit_status = 3});
  Seen seen;
  const Outcome outcome = Experiment({.duration = 2500_ms, .quantum = 400_ms}, controller, seen).run();
  EXPECT_EQ(seen.ready, Instant::at(1250_ms));
  EXPECT_EQ(outcome.ready, seen.ready);
  EXPECT_EQ(seen.quanta, 3) << "0.4, 0.8 and 1.0 s; by 1.4 s it is ready";
  ASSERT_EQ(seen.samples.size(), 3U) << "2.5 s are three periods";
  for (int i = 0; i < 3; ++i) {
    const ClockSample& clock = seen.samples.at(static_cast<std::size_t>(i)).clock;
    EXPECT_EQ(clock.asked, Instant::at(2_s + i * 1_s + 694'445_ns));
    EXPECT_EQ(clock.answered, clock.asked + 5_us);
  }
  EXPECT_EQ(outcome.granted, Instant::at(5_s));
  EXPECT_EQ(outcome.plant_time, 5_s);
  EXPECT_EQ(outcome.grants, 15);
  EXPECT_EQ(outcome.exit_status, 3);

  Room room(1);
  room.advance(seen.samples.at(0).clock.answered.since_origin());
  EXPECT_EQ(seen.samples.at(0).room.air_c, room.state().air_c);
  room.set_heater(true);
  room.advance(1_s);
  EXPECT_EQ(seen.samples.at(1).room.air_c, room.state().air_c);
}

TEST(Experiment, SaysWhatTheControllerDoesWrong) {
  EXPECT_EQ(complaint({}), "");
  EXPECT_EQ(complaint({.ready = ""}),
            "the guest's controller did not get ready by 120.000000000 s of virtual time; see the test");
  EXPECT_THAT(complaint({.ready = "what\n"}),
              HasSubstr("said 'what', which is no answer to a temperature, by 1.250000000 s"));
  EXPECT_THAT(complaint({.answer = "H 2 U 0.00\n"}), HasSubstr("said 'H 2 U 0.00', which is no answer"));
  EXPECT_THAT(complaint({.answer = "H 1 U 0.00\nR\n"}), HasSubstr("said 'R', which is no answer"));
  EXPECT_THAT(complaint({.answer = "H"}),
              HasSubstr("left a temperature unanswered for a whole period by 3.000000000 s"));
  EXPECT_THAT(complaint({.answer_time = 1_s}), HasSubstr("left a temperature unanswered"));
  EXPECT_THAT(complaint({.dies_at_once = true}), HasSubstr("ended its computer (panicked, exit status 0)"));
}

TEST(Experiment, SaysThatTheControllerDoesNotSwitchOff) {
  EXPECT_THAT(complaint({.at_q = StopReason::panicked}), HasSubstr("did not switch off by 6.000000000 s"));
}

struct FirmwareRun {
  std::string guest_trace{};
  std::vector<Sample> samples;
};

FirmwareRun run_firmware(Duration quantum) {
  fermata::trace::MemorySink trace;
  const auto controller = make_machine_controller(HEATED_ROOM_FIRMWARE, {.trace = &trace});
  Seen seen;
  const Outcome outcome =
      Experiment({.duration = 200_ms, .quantum = quantum, .period = 20_ms}, *controller, seen).run();
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_LT(outcome.greatest_overshoot, Controller::instruction);
  FirmwareRun run{.samples = std::move(seen.samples)};
  for (const auto& record : trace.records()) {
    if (is_guest_record(record.kind)) {
      run.guest_trace += to_line(record) + "\n";
    }
  }
  return run;
}

TEST(ExperimentWithFirmware, RunsAreEqualWhateverTheQuantum) {
  const FirmwareRun whole = run_firmware(1_s);
  ASSERT_EQ(whole.samples.size(), 10U);
  EXPECT_THAT(whole.guest_trace, HasSubstr("0.020694445 input serial0 \\x0a\n"));
  for (const Duration quantum : {20_ms, 10_ms, 3_ms, 100_us, 33'333_ns, 1_us}) {
    const FirmwareRun run = run_firmware(quantum);
    EXPECT_EQ(run.guest_trace, whole.guest_trace) << quantum.ns() << " ns";
    ASSERT_EQ(run.samples.size(), whole.samples.size()) << quantum.ns() << " ns";
    for (std::size_t i = 0; i < whole.samples.size(); ++i) {
      EXPECT_EQ(run.samples[i].clock.answered, whole.samples[i].clock.answered);
      EXPECT_EQ(run.samples[i].sent_mc, whole.samples[i].sent_mc);
      EXPECT_EQ(run.samples[i].room.air_c, whole.samples[i].room.air_c) << "to the last bit";
    }
  }
}

}  // namespace
}  // namespace heated_room
