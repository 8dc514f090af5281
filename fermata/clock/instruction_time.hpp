// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "fermata/base/contract.hpp"
#include "fermata/clock/clock.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::clock {

/// Virtual time from counted instructions [icount]: executed instructions shifted left by N, in ns, plus the bias that
/// warps have added. One writer, the thread that executes guest code; readers in any thread take no lock and never see
/// time go backwards.
class InstructionTime final : public TimeSource {
 public:
  static constexpr unsigned max_shift = 10;

  /// One instruction is 2^shift ns; throws base::BadArgument beyond `max_shift`.
  explicit InstructionTime(unsigned shift);

  [[nodiscard]] time::Instant now() const override {
    return time::Instant::at(time::Duration::nanoseconds(now_ns_.load(std::memory_order_acquire)));
  }

  /// How many instructions have been executed since the origin. The writer calls it before anything in the guest can
  /// look at the time, the executing instruction included (as QEMU counts). Never less than before.
  void set_executed(std::uint64_t executed) {
    const std::uint64_t before = executed_.load(std::memory_order_relaxed);
    base::expects(executed - before <= limit_ - before,
                  "InstructionTime: the count does not run backwards, nor the time out of range");
    set(executed);
  }
  [[nodiscard]] std::uint64_t executed() const { return executed_.load(std::memory_order_acquire); }

  /// Skips idle time: now becomes `at`, which is not earlier than now. Writer only.
  void warp_to(time::Instant at);
  /// The least number of instructions after which now is at or after `at`; 0 if it is already. No more than fit into
  /// the range of time: 0 also at its end. Writer only.
  [[nodiscard]] std::uint64_t instructions_until(time::Instant at) const;

  [[nodiscard]] unsigned shift() const { return shift_.load(std::memory_order_relaxed); }
  /// Another rate from here on, without a jump of now [shift=auto]. Writer only; throws as the constructor.
  void set_shift(unsigned shift);

  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  void set_rate(unsigned shift, std::uint64_t bias_ns);
  void set(std::uint64_t executed) {
    executed_.store(executed, std::memory_order_release);
    now_ns_.store(static_cast<std::int64_t>(bias_ns_ + (executed << shift())), std::memory_order_release);
  }

  // Readers load one word that the writer has computed, so there is nothing that they could see half of.
  std::atomic<std::int64_t> now_ns_{0};
  std::atomic<std::uint64_t> executed_{0};
  std::atomic<unsigned> shift_;
  // The writer's. What warps and changes of the shift have added, modulo 2^64, and the count up to which now is in
  // range.
  std::uint64_t bias_ns_ = 0;
  std::uint64_t limit_ = 0;
};

}  // namespace fermata::clock
