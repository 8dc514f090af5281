// SPDX-License-Identifier: MIT
#include "fermata/clock/instruction_time.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::clock {
namespace {

constexpr auto latest_ns = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

unsigned checked_shift(unsigned shift) {
  if (shift > InstructionTime::max_shift) {
    throw base::BadArgument("InstructionTime: shift is " + std::to_string(shift) + "; it is 0 to " +
                            std::to_string(InstructionTime::max_shift));
  }
  return shift;
}

}  // namespace

InstructionTime::InstructionTime(unsigned shift) : shift_(checked_shift(shift)) { set_rate(shift, 0); }

void InstructionTime::set_rate(unsigned shift, std::uint64_t bias_ns) {
  bias_ns_ = bias_ns;
  limit_ = (latest_ns - bias_ns) >> shift;
  shift_.store(shift, std::memory_order_relaxed);
}

void InstructionTime::warp_to(time::Instant at) {
  const time::Instant before = now();
  base::expects(at >= before, "InstructionTime: a warp does not go backwards");
  set_rate(shift(), bias_ns_ + static_cast<std::uint64_t>((at - before).ns()));
  set(executed());
}

std::uint64_t InstructionTime::instructions_until(time::Instant at) const {
  const time::Instant from = now();
  if (at <= from) {
    return 0;
  }
  const auto span_ns = static_cast<std::uint64_t>((at - from).ns());
  const unsigned rate = shift();
  const bool has_remainder = (span_ns & ((std::uint64_t{1} << rate) - 1)) != 0;
  return std::min((span_ns >> rate) + (has_remainder ? 1 : 0), limit_ - executed());
}

void InstructionTime::set_shift(unsigned shift) {
  checked_shift(shift);
  const auto now_ns = static_cast<std::uint64_t>(now().since_origin().ns());
  set_rate(shift, now_ns - (executed() << shift));
}

void InstructionTime::save(state::Writer& writer) const {
  writer.u64(executed());
  writer.u8(static_cast<std::uint8_t>(shift()));
  writer.instant(now());
}

void InstructionTime::load(state::Reader& reader) {
  const std::uint64_t saved_executed = reader.u64();
  const unsigned saved_shift = reader.u8();
  const time::Instant saved_now = reader.instant();
  if (saved_shift > max_shift) {
    reader.fail("an instruction is more than 2^10 ns");
  }
  if (saved_now < time::Instant::origin()) {
    reader.fail("its time is before the origin");
  }
  set_rate(saved_shift, static_cast<std::uint64_t>(saved_now.since_origin().ns()) - (saved_executed << saved_shift));
  if (limit_ < saved_executed) {
    reader.fail("its instruction count is out of range");
  }
  set(saved_executed);
}

}  // namespace fermata::clock
