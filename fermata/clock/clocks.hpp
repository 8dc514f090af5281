// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <utility>

#include "fermata/clock/clock.hpp"
#include "fermata/clock/host_clock_jump.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/clock/running_time.hpp"
#include "fermata/clock/speed_factor.hpp"
#include "fermata/host/clock.hpp"

namespace fermata::clock {

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
  Clocks(const Clocks&) = delete;
  Clocks& operator=(const Clocks&) = delete;

  [[nodiscard]] Clock& at(ClockKind kind) { return clocks_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] Clock& virtual_time() { return at(ClockKind::virtual_time); }
  [[nodiscard]] VirtualTimeKind virtual_time_kind() const {
    return instructions_ == nullptr ? VirtualTimeKind::host_driven : VirtualTimeKind::instruction_driven;
  }
  /// True if this clock advances by the passing of host time: not virtual time that comes from instructions, nor
  /// virtual and virtual_rt while the machine is stopped.
  [[nodiscard]] bool does_run_with_host(ClockKind kind) const;

  /// Three symmetric readings that freeze together and go on without a jump [cpu_enable_ticks, cpu_disable_ticks];
  /// frozen at first. Again is harmless. The instruction time stands because nothing is executed meanwhile. `stop` and
  /// `resume` also disable and enable the virtual clock's timers.
  void enable_ticks();
  void disable_ticks();
  [[nodiscard]] bool are_ticks_enabled() const { return running_.is_running(); }
  /// Cycles: the host's counter, or the instruction time in ns where instructions are counted [cpu_get_ticks].
  [[nodiscard]] std::int64_t cpu_ticks() const;
  /// Host monotonic ns while enabled [cpu_get_clock].
  [[nodiscard]] time::Instant cpu_clock() const { return running_.now(); }
  /// [cpu_get_icount]; needs instruction-driven time.
  [[nodiscard]] time::Instant instruction_time() const;

  /// The machine stops: the virtual clock is disabled (see Clock::disable for the rule), readings freeze.
  void stop();
  /// The machine goes on.
  void resume();

  /// The whole machine's virtual clock at a factor of its nominal rate, from here on [time dilation]. One thread at a
  /// time; where instructions are counted, the thread that executes them. The three readings above stay nominal.
  void set_speed_factor(SpeedFactor factor);
  /// The speed factor and what it has made of virtual time; loaded after the instruction time, to which it belongs.
  void save_speed(state::Writer& writer) const { virtual_scale_.save(writer); }
  void load_speed(state::Reader& reader) { virtual_scale_.load(reader); }
  /// Between the virtual clock and what it is made from: says at which instant of the latter a deadline is met. The
  /// same instants as long as no factor was set.
  [[nodiscard]] const ScaledTime& virtual_scale() const { return virtual_scale_; }

  /// What a timer list without a notify callback of its own calls: the main loop's wake-up. Not while other threads use
  /// the clocks.
  void set_default_notify(const std::function<void(ClockKind)>& notify);

  /// Looks whether the wall clock has jumped since the last look, tells those who subscribed and notifies the host
  /// clock's lists; loops call it each turn. See HostClockJump.
  void look_for_host_clock_jump();
  using JumpHandler = HostClockJump::Handler;
  using JumpSubscription = HostClockJump::Subscription;
  /// The subscription ends with the object returned.
  JumpSubscription on_host_clock_jump(JumpHandler handler) { return jump_.subscribe(std::move(handler)); }

 private:
  class Realtime final : public TimeSource {
   public:
    explicit Realtime(const host::HostClock& monotonic) : monotonic_(&monotonic) {}
    [[nodiscard]] time::Instant now() const override;

   private:
    const host::HostClock* monotonic_;
  };
  class WallTime final : public TimeSource {
   public:
    explicit WallTime(const host::WallClock& wall) : wall_(&wall) {}
    [[nodiscard]] time::Instant now() const override;

   private:
    const host::WallClock* wall_;
  };

  const InstructionTime* instructions_;
  Realtime realtime_;
  WallTime wall_time_;
  RunningTime running_;
  ScaledTime virtual_scale_;
  HostClockJump jump_;
  std::array<Clock, clock_count> clocks_;
};

}  // namespace fermata::clock
