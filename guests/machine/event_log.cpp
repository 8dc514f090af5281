// SPDX-License-Identifier: MIT
#include "guests/machine/event_log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::machine_program {

EventLog::EventLog(LogOption option) : option_(std::move(option)) {
  if (!option_.file.empty()) {
    file_.reset(std::fopen(option_.file.c_str(), "w"));
    if (file_ == nullptr) {
      throw base::host_error("write the log (-D) to " + option_.file, errno);
    }
  }
}

void EventLog::connect(machine::Machine& machine) {
  machine_ = &machine;
  if (option_.guest_errors) {
    machine.log().set_error_handler([this](std::string_view device, const std::string& what) {
      write(fmt::format("{} guest_error {}: {}\n", now(), device, what));
    });
  }
}

void EventLog::trapped(std::uint64_t hart, const riscv::Trap& trap) {
  if (step_ && trap.is_counted) {
    write_executed({.at = step_->at, .hart = hart, .pc = trap.pc});
    step_.reset();
  } else if (step_) {
    step_->pc = trap.target;
  }
  if (!option_.interrupts) {
    return;
  }
  constexpr std::uint64_t interrupt_bit = std::uint64_t{1} << 63;
  write(fmt::format("{} trap hart={} {}={} pc={:#x} value={:#x} from={} to={}\n", now(), hart,
                    (trap.cause & interrupt_bit) != 0 ? "interrupt" : "exception", trap.cause & ~interrupt_bit, trap.pc,
                    trap.value, "US?M"[static_cast<unsigned>(trap.from) & 3U],
                    "US?M"[static_cast<unsigned>(trap.to) & 3U]));
}

void EventLog::end_step(bool is_executed) {
  if (step_ && is_executed) {
    write_executed(*step_);
  }
  step_.reset();
}

void EventLog::write_executed(const Place& place) {
  write(fmt::format("{} exec hart={} pc={:#x}\n", time::to_seconds_string(place.at), place.hart, place.pc));
}

void EventLog::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_ != nullptr ? file_.get() : stderr) != text.size()) {
    tell_lost_output(errno);
  }
}

void EventLog::finish() {
  if (file_ != nullptr && std::fflush(file_.get()) != 0) {
    tell_lost_output(errno);
  }
}

void EventLog::tell_lost_output(int error) {
  if (!std::exchange(has_lost_output_, true) && file_ != nullptr) {
    fmt::print(stderr, "fermata-machine: the log (-D {}) cannot be written: {}; some of it is lost\n", option_.file,
               std::strerror(error));
  }
}

std::string EventLog::now() const {
  return machine_ != nullptr ? time::to_seconds_string(machine_->now()) : std::string("0.000000000");
}

}  // namespace fermata::machine_program
