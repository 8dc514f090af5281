// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace fermata::bench {

/// Which timer to arm, and for which millisecond of the benchmark's clock.
struct Arm {
  std::uint32_t timer;
  std::int64_t at_ms;
};

/// A way to keep timers, under test. Works through batches, so that calling it costs nothing that would show.
class TimerContender {
 public:
  virtual ~TimerContender() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// How many operations of a batch are bearable with so many timers pending.
  [[nodiscard]] virtual std::size_t max_batch(std::size_t /*pending*/) const { return SIZE_MAX; }

  /// Makes so many timers, not armed.
  virtual void make(std::uint32_t count) = 0;
  /// Arms timers that are not armed, not measured.
  virtual void fill(std::span<const Arm> arms) { arm(arms); }
  /// Arms timers that are not armed.
  virtual void arm(std::span<const Arm> arms) = 0;
  /// Moves timers that are armed.
  virtual void rearm(std::span<const Arm> arms) = 0;
  virtual void cancel(std::span<const std::uint32_t> timers) = 0;
  /// Calls back those that are due by the benchmark's clock: each notes its number in `expired`.
  virtual void expire() = 0;

  std::vector<std::uint32_t> expired;
};

using MakeContender = std::unique_ptr<TimerContender> (*)();

/// The event loop with its timer lists: a turn also looks at descriptors, wake-ups and the wall clock, as the loops of
/// the libraries do.
[[nodiscard]] std::unique_ptr<TimerContender> make_fermata_loop();
/// A timer list alone.
[[nodiscard]] std::unique_ptr<TimerContender> make_fermata_list();
/// The algorithm that QEMU uses, a list alone.
[[nodiscard]] std::unique_ptr<TimerContender> make_sorted_list();
[[nodiscard]] std::unique_ptr<TimerContender> make_libuv();
[[nodiscard]] std::unique_ptr<TimerContender> make_libevent();
[[nodiscard]] std::unique_ptr<TimerContender> make_asio();

}  // namespace fermata::bench
