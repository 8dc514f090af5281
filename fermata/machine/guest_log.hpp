// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fermata/bus/device.hpp"
#include "fermata/clock/clock.hpp"
#include "fermata/trace/sink.hpp"

namespace fermata::machine {

/// Puts what happens in a guest into its trace, at the instant of its virtual clock: what it does wrong, resets, the
/// end. One thread, the one that runs the machine.
class GuestLog final : public bus::GuestErrorLog {
 public:
  /// `trace` may be null; both outlive it.
  GuestLog(const clock::TimeSource& time, trace::Sink* trace) : time_(&time), trace_(trace) {}

  void guest_error(std::string_view device, const std::string& what) override {
    record(trace::RecordKind::guest_error, std::string(device) + ": " + what);
    if (error_handler_) {
      error_handler_(device, what);
    }
  }
  void record(trace::RecordKind kind, const std::string& text = {}) {
    if (trace_ != nullptr) {
      trace_->write({.at = time_->now(), .kind = kind, .text = text});
    }
  }
  /// Also told of each guest error, from within `run_until`.
  using ErrorHandler = std::function<void(std::string_view device, const std::string& what)>;
  void set_error_handler(ErrorHandler handler) { error_handler_ = std::move(handler); }

 private:
  const clock::TimeSource* time_;
  trace::Sink* trace_;
  ErrorHandler error_handler_;
};

}  // namespace fermata::machine
