// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fermata/record/reader.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/wire/link/layout.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::sim {

/// A stop at which the simulator can answer.
[[nodiscard]] constexpr bool can_be_answered(wire::StopReason reason) {
  return reason == wire::StopReason::output || reason == wire::StopReason::mmio;
}

/// How far a guest has come, in what does not depend on the quantum.
struct Progress {
  time::Instant now{};
  std::uint64_t stops = 0;  ///< at which the simulator can answer
  std::uint64_t outputs = 0;
  bool is_running = false;

  /// Whether what was said to a guest that had come as far as `there` can be said to one that has come here.
  [[nodiscard]] bool has_reached(const Progress& there) const {
    return now >= there.now && stops >= there.stops && (there.is_running || !is_running);
  }
};

/// What the recorded guest did, and its simulator knew. A value.
class Recorded {
 public:
  void take(const record::Message& message);
  [[nodiscard]] const Progress& progress() const { return progress_; }
  /// How many stops there were, at which its simulator can answer, among the reports that a grant counts.
  [[nodiscard]] std::uint64_t stops_known_to(const wire::link::Grant& grant) const;

 private:
  void take_report(const wire::link::Report& report);

  Progress progress_;
  std::uint64_t grants_ = 0;
  std::vector<std::uint64_t> stops_by_reports_{0};  // after so many reports
};

/// The instants of a recording's inputs, read ahead of the rest. Throws as record::Reader does.
class InputsAhead {
 public:
  explicit InputsAhead(const std::string& file) : reader_(file) {}
  /// Of the input before which there are `before` others: never fewer than in the call before. Nothing if there is
  /// none.
  [[nodiscard]] std::optional<time::Instant> instant_of(std::uint64_t before);

 private:
  record::Reader reader_;
  std::uint64_t read_ = 0;
  std::optional<time::Instant> last_;  // read
};

}  // namespace fermata::sim
