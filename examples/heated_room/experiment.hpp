// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "clock_check.hpp"
#include "controller.hpp"
#include "fermata/host/clock.hpp"
#include "plant.hpp"
#include "protocol.hpp"
#include "serial_line.hpp"

namespace heated_room {

/// What to run.
struct Settings {
  Duration duration = 600_s;  ///< of control, after the guest has booted; rounded up to whole periods
  Duration quantum = 10_ms;   ///< that the guest is granted at most at once; changes nothing of what happens
  Duration period = 1_s;      ///< between two temperatures, which are taken at its multiples
  std::uint64_t seed = 1;
  fermata::host::HostDuration limit = std::chrono::seconds(60);  ///< host time that one quantum may take
};

/// One exchange between plant and controller.
struct Sample {
  ClockSample clock;
  Duration difference;  ///< of the two clocks, see ClockCheck
  int sent_mc = 0;      ///< the temperature that the controller was told, thousandths of a degree
  RoomState room;       ///< when the answer came
  double outside_c = 0.0;
  bool is_heating = false;  ///< the answer
};

/// What came of it.
struct Outcome {
  Instant granted;              ///< up to where, when control ended
  Duration plant_time;          ///< what the room lived through until then
  Duration greatest_overshoot;  ///< of the guest beyond a horizon
  Instant ready;                ///< when the controller said so
  std::int64_t grants = 0;
  ClockCheck clock;
  int exit_status = 0;                         ///< with which the guest switched itself off
  fermata::host::HostDuration boot_cost{};     ///< host time until `ready`
  fermata::host::HostDuration control_cost{};  ///< and from there on
};

/// Takes what an experiment has to tell while it runs.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_booting(Instant now) = 0;  ///< after each quantum until the controller is ready
  virtual void on_ready(Instant now) = 0;
  virtual void on_sample(const Sample& sample) = 0;
};

/// The co-simulation: a Room and the guest that controls it. What happens, happens at instants of its own, however the
/// time is granted:
///
///   Experiment                                         guest
///      | temperature at second k: its bytes, as inputs    |
///      |   at k + 87 us ... k + 694 us                    |
///      | grant k + 10 ms                                  |
///      | -----------------------------------------------> |  runs; takes the bytes at their instants
///      |                        answer, output at k + a   |
///      | <----------------------------------------------- |
///      | the room lives until k + a, is switched          |  goes on meanwhile
///      |                                        report    |
///      | <----------------------------------------------- |  stands at k + 10 ms
///      | the room lives until k + 10 ms                   |
///
/// Every whole second is a horizon, so that nothing has happened yet beyond the instant of a temperature. An input
/// comes later than that by more than the instruction by which a busy guest may stand beyond a horizon. One `run` each;
/// `controller`, freshly started, and `observer` outlive it.
class Experiment {
 public:
  Experiment(const Settings& settings, Controller& controller, Observer& observer);

  /// Boots the guest, lets it control the room, switches it off. Throws base::Error if the guest does not do its part:
  /// it ends, hangs, never gets ready, does not answer or answers nonsense.
  Outcome run();

 private:
  void boot();
  void control();
  void switch_off();
  void advance_to(Instant end);
  fermata::wire::Stop run_guest_to(Instant horizon);
  void send_temperature();
  void take_line(Instant at, const std::string& line);
  void take_answer(Instant at, const std::string& line);
  void let_room_live_to(Instant end);
  [[noreturn]] void fail(Instant at, const std::string& what) const;

  Settings settings_;
  Controller& controller_;
  Observer& observer_;
  fermata::sim::LinkGuest& guest_;  // the controller's
  SerialLine line_;
  Room room_;
  Instant granted_;
  Outcome outcome_;
  bool is_ready_ = false;
  int sent_mc_ = 0;
  std::optional<Instant> asked_;  // a temperature that was not answered yet
};

}  // namespace heated_room
