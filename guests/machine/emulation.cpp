// SPDX-License-Identifier: MIT
#include "guests/machine/emulation.hpp"

#include <algorithm>

namespace fermata::machine_program {
namespace {

std::unique_ptr<machine::Machine> make_machine(const Options& options, const Ruling& ruling, EventLog& log) {
  machine::Config config = make_config(options, ruling, {});
  config.hart_observer = log.hart_observer();
  return std::make_unique<machine::Machine>(std::move(config));
}

}  // namespace

Emulation::Emulation(const Options& options, const Ruling& ruling)
    : ruling_(ruling),
      log_(options.log),
      machine_(make_machine(options, ruling, log_)),
      loop_(std::make_unique<loop::EventLoop>(machine_->clocks())),
      signals_(std::make_unique<Signals>(
          *loop_, [this] { is_ended_ = true; }, [this] { report_drift(); })) {
  log_.connect(*machine_);
  const SerialHost::Callbacks callbacks{.end = [this] { is_ended_ = true; },
                                        .before_input =
                                            [this] {
                                              if (before_input_) {
                                                before_input_();
                                              }
                                            }};
  const std::size_t count = std::min<std::size_t>(options.serials.size(), machine_->serial_count());
  for (unsigned i = 0; i < count; ++i) {
    serials_.push_back(std::make_unique<SerialHost>(*loop_, options.serials[i], machine_->serial(i), callbacks));
  }
}

bool Emulation::wait_for_serial_lines() {
  const auto is_ready = [](const auto& serial) { return serial->is_ready(); };
  while (!is_ended_ && !std::ranges::all_of(serials_, is_ready)) {
    loop_->turn(loop::EventLoop::Wait::yes);
  }
  return !is_ended_;
}

machine::Stop Emulation::run(time::Instant horizon, const machine::RunLimits& limits) {
  const machine::Stop stop =
      log_.option().executed ? run_one_by_one(horizon, limits) : machine_->run_until(horizon, limits);
  if (ruling_.is_shift_adapted) {
    adapt_shift();
  }
  return stop;
}

machine::Stop Emulation::run_one_by_one(time::Instant horizon, const machine::RunLimits& limits) {
  constexpr std::uint64_t most_at_once = 100'000;
  const std::uint64_t last = machine_->instruction_time().executed() + std::min(limits.work, most_at_once);
  machine::Stop stop;
  do {
    static_cast<void>(machine_->harts().choose());
    const riscv::Hart& hart = machine_->harts().chosen();
    log_.begin_step({.at = machine_->now(), .hart = hart.id(), .pc = hart.pc()});
    const std::uint64_t before = machine_->instruction_time().executed();
    stop = machine_->run_until(horizon, {.work = 1, .idle = limits.idle});
    log_.end_step(machine_->instruction_time().executed() != before);
  } while (stop.reason == machine::StopReason::work_limit && machine_->instruction_time().executed() < last);
  return stop;
}

void Emulation::adapt_shift() {
  const clock::PaceReading now = reading();
  if (!adapted_) {
    adapted_ = now;
  }
  if (now.virtual_now - adapted_->virtual_now >= clock::ShiftAdaptation::virtual_interval ||
      now.real_now - adapted_->real_now >= clock::ShiftAdaptation::real_interval) {
    adapted_ = now;
    clock::InstructionTime& time = machine_->instruction_time();
    time.set_shift(adaptation_.adapt(now, time.shift()));
  }
}

void Emulation::flush() {
  for (const auto& serial : serials_) {
    serial->flush();
  }
}

void Emulation::finish() {
  for (const auto& serial : serials_) {
    serial->finish();
  }
  if (log_.option().drift) {
    report_drift();
  }
  log_.finish();
}

bool Emulation::has_lost_output() const {
  return log_.has_lost_output() ||
         std::ranges::any_of(serials_, [](const auto& serial) { return serial->has_lost_output(); });
}

clock::PaceReading Emulation::reading() {
  return {.virtual_now = machine_->now(), .real_now = machine_->clocks().at(clock::ClockKind::virtual_rt).now()};
}

void Emulation::report_drift() { log_.write(clock::DriftReport::of(reading(), alignment_).to_text()); }

}  // namespace fermata::machine_program
