// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fermata/bus/window.hpp"
#include "fermata/clock/clock.hpp"
#include "fermata/machine/guest_log.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/trace/sink.hpp"

namespace fermata::machine {

/// A window whose device model is outside the machine, in the hands of whoever runs it: takes the guest's accesses,
/// with their instants, and answers its reads, at once or later. Accesses are of 1, 2, 4 or 8 bytes, aligned; atomic
/// ones and instruction fetches are access faults. One thread, the one that runs the machine.
class ExternalWindow final : public bus::Window {
 public:
  /// Where it stands on the board.
  struct Config {
    std::string name;
    bus::AddressRange range;
  };

  /// `log` and `trace` outlive it; `trace` may be null.
  ExternalWindow(Config config, GuestLog& log, trace::Sink* trace)
      : config_(std::move(config)), log_(&log), trace_(trace) {}

  [[nodiscard]] const std::string& name() const { return config_.name; }
  [[nodiscard]] const bus::AddressRange& range() const { return config_.range; }

  /// Both are called from within `run_until`, at the instant of the access, the accessing instruction included; they
  /// may call Machine::leave. Without them a read gives 0, a write goes nowhere, and each is a guest error.
  struct Handlers {
    /// The value; or nothing: the machine is stalled until Machine::answer_read.
    std::function<std::optional<std::uint64_t>(time::Instant at, bus::Address offset, unsigned size)> read{};
    std::function<void(time::Instant at, bus::Address offset, unsigned size, std::uint64_t value)> write{};
  };
  void set_handlers(Handlers handlers) { handlers_ = std::move(handlers); }

  /// For the machine: what tells the instants of accesses, and has the reading hart wait for its value.
  void connect(const clock::TimeSource& time, std::function<void()> defer);
  /// For the machine: an answer has come.
  void answered(std::uint64_t value) const;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.may_answer_later = true}; }

 private:
  void record(trace::RecordKind kind, const std::string& text) const;

  Config config_;
  GuestLog* log_;
  trace::Sink* trace_;
  const clock::TimeSource* time_ = nullptr;
  std::function<void()> defer_;
  Handlers handlers_;
};

}  // namespace fermata::machine
