// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "fermata/clock/clock.hpp"
#include "fermata/host/clock.hpp"

namespace fermata::clock {

class InstructionTime;

/// Where virtual time comes from.
enum class VirtualTimeKind : std::uint8_t {
  host_driven,         ///< host monotonic time less all the time that the machine was stopped
  instruction_driven,  ///< counted instructions
};

/// The four clocks of one machine, and the readings that stop and go on with it. No globals: each machine has its own.
/// Any thread, but `enable_ticks` and `disable_ticks`, which are for one thread at a time.
class Clocks {
 public:
  struct HostSources {
    const host::HostClock* monotonic = &host::HostClock::monotonic();
    const host::WallClock* wall = &host::WallClock::system();
    const host::CycleCounter* cycles = &host::CycleCounter::system();
  };

  /// Virtual time is host-driven, or instruction-driven if `instructions` is given, which must outlive the clocks.
  explicit Clocks(const HostSources& host, const InstructionTime* instructions = nullptr);
  ~Clocks();
  Clocks(const Clocks&) = delete;
  Clocks& operator=(const Clocks&) = delete;

  [[nodiscard]] Clock& at(ClockKind kind);
  [[nodiscard]] Clock& virtual_time() { return at(ClockKind::virtual_time); }
  [[nodiscard]] VirtualTimeKind virtual_time_kind() const;

  /// Three symmetric readings that freeze together and go on without a jump [cpu_enable_ticks, cpu_disable_ticks];
  /// frozen at first. Again is harmless. The virtual clock's timers are disabled and enabled with them by `stop` and
  /// `resume`.
  void enable_ticks();
  void disable_ticks();
  [[nodiscard]] bool are_ticks_enabled() const;
  /// Cycles: the host's counter, or the instruction time in ns where instructions are counted [cpu_get_ticks].
  [[nodiscard]] std::int64_t cpu_ticks() const;
  /// Host monotonic ns while enabled [cpu_get_clock].
  [[nodiscard]] time::Instant cpu_clock() const;
  /// [cpu_get_icount]; needs instruction-driven time.
  [[nodiscard]] time::Instant instruction_time() const;

  /// The machine stops: readings freeze, the virtual clock is disabled (see Clock::disable for the rule).
  void stop();
  /// The machine goes on.
  void resume();

  /// Compares wall-clock with monotonic time and tells those who subscribed if the wall clock has jumped since the last
  /// look; loops call it each turn. Handlers get the jump, negative for backwards.
  void look_for_host_clock_jump();
  using JumpHandler = std::function<void(time::Duration)>;
  /// The subscription ends with the object returned.
  class [[nodiscard]] JumpSubscription;
  JumpSubscription on_host_clock_jump(JumpHandler handler);
};

}  // namespace fermata::clock
