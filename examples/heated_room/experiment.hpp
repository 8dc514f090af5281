// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "clock_check.hpp"
#include "controller_guest.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/trace/sink.hpp"
#include "plant.hpp"
#include "protocol.hpp"

namespace heated_room {

/// What to run.
struct Settings {
  Duration duration = 600_s;  ///< of control, after the guest has booted
  Duration quantum = 10_ms;
  Duration period = 1_s;  ///< between two temperatures
  std::uint64_t seed = 1;
  fermata::host::HostDuration limit = std::chrono::seconds(60);  ///< host time that one quantum may take
};

/// One exchange between plant and controller.
struct Sample {
  ClockSample clock;
  Duration difference;   ///< of the two clocks, see ClockCheck
  Duration reports_sum;  ///< what all reports so far add up to
  int sent_mc = 0;       ///< the temperature that the controller was told, thousandths of a degree
  RoomState room;        ///< when the answer came
  double outside_c = 0.0;
  bool is_heating = false;  ///< the answer
};

/// What came of it.
struct Outcome {
  explicit Outcome(Duration quantum) : clock(quantum) {}

  Duration simulator_time;  ///< the sum of all grants that were answered
  Duration reports_sum;     ///< the sum of their reports
  Duration plant_time;      ///< what the room lived through
  Duration greatest_overshoot;
  Instant ready;  ///< the report by which the guest had booted
  std::int64_t quanta = 0;
  ClockCheck clock;
  std::optional<fermata::host::ExitStatus> guest_exit;
  fermata::host::HostDuration boot_cost{};     ///< host time until `ready`
  fermata::host::HostDuration control_cost{};  ///< and from there on
};

/// Takes what an experiment has to tell while it runs.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_booting(Instant now) = 0;  ///< after each quantum until the guest is ready
  virtual void on_ready(Instant now) = 0;
  virtual void on_sample(const Sample& sample) = 0;
};

/// The co-simulation: a Room and the guest that controls it, in lockstep, quantum by quantum:
///
///   Experiment               guest
///      | grant 10 ms            |
///      | ---------------------> |
///      | room.advance(10 ms)    |  runs for 10 ms of virtual time
///      | report                 |
///      | <--------------------- |  held
///      | answers of the controller switch the heater; every second a temperature goes the other way
///
/// One `run` each; `guest`, freshly started, `trace` and `observer` outlive it.
class Experiment {
 public:
  Experiment(const Settings& settings, ControllerGuest& guest, fermata::trace::Sink* trace, Observer& observer);

  /// Boots the guest, lets it control the room, switches it off. Throws base::Error if the guest does not do its part:
  /// it cannot be started, ends, hangs, never gets ready, does not answer or answers nonsense.
  Outcome run();

 private:
  void boot();
  void control();
  void switch_off();
  void advance_one_quantum();
  void send_temperature();
  void take_lines();
  void take_answer(const std::string& line);
  [[noreturn]] void fail(const std::string& what) const;

  Settings settings_;
  fermata::trace::Sink* trace_;
  Observer& observer_;
  ControllerGuest& guest_;
  fermata::sim::Guest& handle_;  // of guest_
  Room room_;
  Outcome outcome_;
  bool is_ready_ = false;
  int sent_mc_ = 0;
  std::optional<Instant> asked_;  // a temperature that was not answered yet
};

}  // namespace heated_room
