// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "fermata/guest/executor.hpp"
#include "fermata/machine/machine.hpp"

namespace fermata::machine {

/// Makes a machine a guest. `resume_until` only takes the horizon; the machine advances within `work`, which the owner
/// calls until there is nothing left to do: in pieces if he has other things to look after, in one if not.
class MachineExecutor final : public guest::Executor {
 public:
  /// Both outlive it; the observer is set before the first order. Takes the machine's reset handler for itself.
  explicit MachineExecutor(Machine& machine);
  ~MachineExecutor() override;
  MachineExecutor(const MachineExecutor&) = delete;
  MachineExecutor& operator=(const MachineExecutor&) = delete;
  void set_observer(Observer& observer) { observer_ = &observer; }

  void resume_until(time::Instant horizon) override { horizon_ = horizon; }
  /// From within the machine: it is to stand still after the present instruction, and the observer to be told that it
  /// does so at `at`, for `reason`.
  void stop_here(time::Instant at, wire::StopReason reason);
  void leave(const wire::Leave& order) override;

  /// Called each time the machine stands, before the observer is told: for what is to be seen before the report.
  void set_before_report(std::function<void()> handler) { before_report_ = std::move(handler); }

  /// Has stops tell the machine's next event, for protocols that carry it; it costs a look at all harts and timers.
  void set_tells_next_event() { tells_next_event_ = true; }

  /// Replaces how the machine is run: for an owner who looks at each instruction.
  using Run = std::function<Stop(time::Instant horizon, const RunLimits& limits)>;
  void set_run(Run run) { run_ = std::move(run); }

  /// Advances towards the horizon, by at most `work_limit` instructions' worth and to the observer's milestone. The
  /// observer is told from within when that or the horizon is reached or the guest has ended, and may resume at once.
  /// Why the machine stopped last; nothing if no horizon was given.
  std::optional<Stop> work(std::uint64_t work_limit = std::numeric_limits<std::uint64_t>::max());

  /// True if `work` has something to do.
  [[nodiscard]] bool is_running() const { return horizon_.has_value() && !left_; }
  /// Why it was told to leave, once it was.
  [[nodiscard]] const std::optional<wire::Leave>& left() const { return left_; }

 private:
  void tell(wire::Stop stop);

  Machine* machine_;
  Observer* observer_ = nullptr;
  std::optional<time::Instant> horizon_;
  std::optional<wire::Stop> wanted_;  // by stop_here
  std::optional<wire::Leave> left_;
  std::function<void()> before_report_;
  bool tells_next_event_ = false;
  Run run_;
};

}  // namespace fermata::machine
