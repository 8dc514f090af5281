// SPDX-License-Identifier: MIT
#include "fermata/machine/external_window.hpp"

#include <fmt/format.h>

namespace fermata::machine {

void ExternalWindow::connect(const clock::TimeSource& time, std::function<void()> defer) {
  time_ = &time;
  defer_ = std::move(defer);
}

void ExternalWindow::record(trace::RecordKind kind, const std::string& text) const {
  if (trace_ != nullptr) {
    trace_->write({.at = time_->now(), .kind = kind, .text = config_.name + " " + text});
  }
}

std::uint64_t ExternalWindow::read(bus::Address offset, unsigned size) {
  if (!handlers_.read) {
    log_->guest_error(config_.name,
                      fmt::format("read of {} bytes at offset {:#x}, where nobody answers", size, offset));
    return 0;
  }
  record(trace::RecordKind::output, fmt::format("read {} at {:#x}", size, offset));
  const auto value = handlers_.read(time_->now(), offset, size);
  if (!value) {
    defer_();
    return 0;
  }
  answered(*value);
  return *value;
}

void ExternalWindow::answered(std::uint64_t value) const {
  record(trace::RecordKind::input, fmt::format("value {:#x}", value));
}

void ExternalWindow::write(bus::Address offset, unsigned size, std::uint64_t value) {
  if (!handlers_.write) {
    log_->guest_error(config_.name, fmt::format("write of {} bytes at offset {:#x}, where nobody is", size, offset));
    return;
  }
  record(trace::RecordKind::output, fmt::format("write {} at {:#x}: {:#x}", size, offset, value));
  handlers_.write(time_->now(), offset, size, value);
}

}  // namespace fermata::machine
