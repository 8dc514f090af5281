// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/clock_shift.hpp"

#include <array>
#include <atomic>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

// Where TimersState has qemu_icount_bias in 7.2, 10.0 and 11.1: the first. What stands before is no number of ns.
constexpr std::array<std::size_t, 3> bias_offsets = {40, 32, 48};
constexpr std::int64_t an_odd_span_ns = 0x1234567;

}  // namespace

ClockShift::ClockShift(const Symbols& symbols, const SymbolLookup& lookup) : qemu_(symbols) {
  run_timers_ = reinterpret_cast<void (*)(int)>(lookup("qemu_clock_run_timers"));
  auto* state = static_cast<std::byte*>(lookup("timers_state"));
  for (std::size_t i = 0; i < bias_offsets.size() && state != nullptr && bias_ == nullptr; ++i) {
    auto* word = reinterpret_cast<std::int64_t*>(state + bias_offsets[i]);
    bias_ = moves_clock(word) ? word : nullptr;
  }
  if (run_timers_ == nullptr || bias_ == nullptr) {
    throw base::Error(base::ErrorCode::unsupported,
                      "register windows: this QEMU's clock is not laid out as in a tested version");
  }
}

// Nothing has been executed yet, and no time skipped: the right word is 0, and the clock shows what is put there.
bool ClockShift::moves_clock(std::int64_t* word) const {
  const std::int64_t before = qemu_.qemu_clock_get_ns(virtual_clock);
  if (*word != before) {
    return false;
  }
  *word = before + an_odd_span_ns;
  const bool moved = qemu_.qemu_clock_get_ns(virtual_clock) == before + an_odd_span_ns;
  *word = before;
  return moved && qemu_.qemu_clock_get_ns(virtual_clock) == before;
}

void ClockShift::advance(time::Duration span) { std::atomic_ref<std::int64_t>(*bias_).fetch_add(span.ns()); }

void ClockShift::run_timers() { run_timers_(virtual_clock); }

}  // namespace fermata::qemu
