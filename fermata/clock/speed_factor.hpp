// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "fermata/clock/clock.hpp"
#include "fermata/clock/sequence_lock.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::clock {

/// How many ns a scaled clock advances in one ns of the clock that it is made from, as an exact ratio of integers.
class SpeedFactor {
 public:
  static constexpr std::uint64_t max_term = 1'000'000'000'000;

  /// Both terms 1 to `max_term`; throws base::BadArgument otherwise.
  explicit SpeedFactor(std::uint64_t numerator, std::uint64_t denominator = 1);
  [[nodiscard]] static SpeedFactor nominal() { return SpeedFactor(1); }

  /// What a span of the source is on the scaled clock: floor(span * factor). Beyond the range, as far as it goes.
  [[nodiscard]] time::Duration scaled(time::Duration source) const;
  /// The least span of the source in which the scaled clock advances by `scaled`: ceil(scaled / factor), so that a
  /// timer that is armed so far away is never early. Beyond the range, as far as it goes.
  [[nodiscard]] time::Duration unscaled(time::Duration scaled) const;

  [[nodiscard]] std::uint64_t numerator() const { return numerator_; }
  [[nodiscard]] std::uint64_t denominator() const { return denominator_; }
  friend bool operator==(const SpeedFactor&, const SpeedFactor&) = default;

 private:
  std::uint64_t numerator_;
  std::uint64_t denominator_;
};

/// A clock's time that runs at a factor of another's [time dilation], for a device model or a whole machine. Every
/// reading is computed from the point where the factor was last changed, so rounding does not add up; a change is no
/// jump (less than 1 ns is lost by it). One thread changes the factor; readers in any thread take no lock and never see
/// time go backwards if the source does not.
class ScaledTime final : public TimeSource {
 public:
  /// At the factor 1: the same as `source`, which outlives it.
  explicit ScaledTime(const TimeSource& source) : source_(&source) {}

  [[nodiscard]] time::Instant now() const override;
  /// The first instant of the source at which now is at or after `at`, the present one if it is already: where a timer
  /// on the source is armed. A change of the factor moves it. The end of the range if it never comes.
  [[nodiscard]] time::Instant source_instant_of(time::Instant at) const {
    return source_arrival_of(at).value_or(time::Instant::max());
  }
  /// The same; nothing if it never comes.
  [[nodiscard]] std::optional<time::Instant> source_arrival_of(time::Instant at) const;
  /// The span of the source that passes before now has advanced by `span`.
  [[nodiscard]] time::Duration source_span_of(time::Duration span) const { return factor().unscaled(span); }

  [[nodiscard]] SpeedFactor factor() const;
  /// From here on.
  void set_factor(SpeedFactor factor);
  /// True if now is the source's: the factor is 1, and no other has left a difference.
  [[nodiscard]] bool is_source() const { return is_source_.load(std::memory_order_acquire); }

  /// The factor and what now is. To be loaded when the source tells what it told then; `load` is a `set_factor`, but
  /// that it may jump.
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  struct State {
    std::int64_t source_now_ns;
    std::int64_t source_origin_ns;
    std::int64_t scaled_origin_ns;
    std::uint64_t numerator;
    std::uint64_t denominator;
  };
  [[nodiscard]] State state() const;
  [[nodiscard]] static time::Instant now_in(const State& state);
  void set(const State& state);

  const TimeSource* source_;
  SequenceLock lock_;
  std::atomic<std::int64_t> source_origin_ns_{0};
  std::atomic<std::int64_t> scaled_origin_ns_{0};
  std::atomic<std::uint64_t> numerator_{1};
  std::atomic<std::uint64_t> denominator_{1};
  std::atomic<bool> is_source_{true};
};

}  // namespace fermata::clock
