// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

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

  [[nodiscard]] time::Instant now() const override;

  /// How many instructions have been executed since the origin. The writer calls it before anything in the guest can
  /// look at the time, the executing instruction included (as QEMU counts). Never less than before.
  void set_executed(std::uint64_t executed);
  [[nodiscard]] std::uint64_t executed() const;

  /// Skips idle time: now becomes `at`, which is not earlier than now. Writer only.
  void warp_to(time::Instant at);
  /// The least number of instructions after which now is at or after `at`; 0 if it is already.
  [[nodiscard]] std::uint64_t instructions_until(time::Instant at) const;

  [[nodiscard]] unsigned shift() const;
  /// Another rate from here on, without a jump of now [shift=auto]. Writer only.
  void set_shift(unsigned shift);

  void save(state::Writer& writer) const;
  void load(state::Reader& reader);
};

}  // namespace fermata::clock
