// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
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

/// The instants of a recording's inputs, read ahead of the rest: as far as is needed to know the earliest of those that
/// come before the next RESTORE. They are not recorded in the order of time. Throws as record::Reader does.
class InputsAhead {
 public:
  explicit InputsAhead(const std::string& file) : reader_(file) {}
  /// The earliest of all inputs but the first `said` of the recording: never fewer than in the call before. Nothing if
  /// there is none.
  [[nodiscard]] std::optional<time::Instant> earliest_from(std::uint64_t said);
  /// The RESTORE has come.
  void pass_restore();

 private:
  [[nodiscard]] bool is_complete() const;
  bool read_one();

  record::Reader reader_;
  std::deque<time::Instant> instants_;  // of those that were read and not said
  std::uint64_t said_ = 0;
  std::optional<time::Instant> reached_;  // by the guest, in what was read last: no later input is earlier
  bool is_at_barrier_ = false;            // a RESTORE, or the end
};

}  // namespace fermata::sim
