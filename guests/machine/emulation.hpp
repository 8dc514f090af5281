// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "fermata/clock/pacing.hpp"
#include "fermata/loop/event_loop.hpp"
#include "fermata/machine/machine.hpp"
#include "guests/machine/event_log.hpp"
#include "guests/machine/serial_host.hpp"
#include "guests/machine/setup.hpp"
#include "guests/machine/signals.hpp"

namespace fermata::machine_program {

/// The machine with what surrounds it in this program: the loop, serial lines, signals, the log. How it is driven is
/// told by LinkedRun and FreeRun. One thread.
class Emulation {
 public:
  /// Throws what making a machine and opening serial lines throws.
  Emulation(const Options& options, const Ruling& ruling);

  [[nodiscard]] machine::Machine& machine() { return *machine_; }
  [[nodiscard]] loop::EventLoop& loop() { return *loop_; }

  /// Called when input is about to reach the guest.
  void set_before_input(std::function<void()> handler) { before_input_ = std::move(handler); }
  /// Waits until those have connected whom a serial line is to wait for. False if the user has ended it instead.
  [[nodiscard]] bool wait_for_serial_lines();

  /// Advances as `Machine::run_until`, one instruction at a time where each is to be logged, and adapts the shift after
  /// it where that is asked for.
  machine::Stop run(time::Instant horizon, const machine::RunLimits& limits);
  void flush();

  /// True once a signal or the user has asked for the end.
  [[nodiscard]] bool is_ended() const { return is_ended_; }
  [[nodiscard]] clock::PaceReading reading();
  /// What the drift report is to tell of alignment; null for none.
  void set_alignment(const clock::Alignment* alignment) { alignment_ = alignment; }
  /// Writes out what is left, and the drift report if it was asked for.
  void finish();
  /// True if some output or log could not be written; standard error was told.
  [[nodiscard]] bool has_lost_output() const;

 private:
  void report_drift();
  machine::Stop run_one_by_one(time::Instant horizon, const machine::RunLimits& limits);
  void adapt_shift();

  Ruling ruling_;
  EventLog log_;
  std::unique_ptr<machine::Machine> machine_;
  std::unique_ptr<loop::EventLoop> loop_;
  std::unique_ptr<Signals> signals_;
  std::vector<std::unique_ptr<SerialHost>> serials_;
  std::function<void()> before_input_;
  const clock::Alignment* alignment_ = nullptr;
  clock::ShiftAdaptation adaptation_;
  std::optional<clock::PaceReading> adapted_;  // the last time that the shift was looked at
  bool is_ended_ = false;
};

}  // namespace fermata::machine_program
