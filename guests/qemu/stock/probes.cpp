// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/probes.hpp"

#include <bit>
#include <cstring>
#include <functional>

namespace fermata::qemu {
namespace {

constexpr std::int64_t an_odd_span_ns = 0x123456789abcd;

void ignore_expiry(void* /*opaque*/) {}

// An armed timer is pending and holds its reading; a deleted one is not. (The clock is still disabled here, so that its
// deadline cannot be asked.)
bool do_timers_work(const Symbols& qemu) {
  static QemuTimerStorage probe;
  probe = {};
  qemu.timer_init_full(&probe, nullptr, virtual_clock, 1, 0, ignore_expiry, nullptr);
  const std::int64_t reading = qemu.qemu_clock_get_ns(virtual_clock) + an_odd_span_ns;
  const bool was_pending = qemu.timer_pending(&probe);
  qemu.timer_mod_ns(&probe, reading);
  const bool is_armed = qemu.timer_pending(&probe) && std::memcmp(&probe, &reading, sizeof reading) == 0;
  qemu.timer_del(&probe);
  return !was_pending && is_armed && !qemu.timer_pending(&probe);
}

using Expect = std::function<void(bool holds, const char* failure)>;

void probe_instruction_counting(const Symbols& qemu, const Expect& expect) {
  expect(*qemu.use_icount != 0, "this QEMU does not count instructions; start it with -icount N,sleep=off");
  const std::int64_t instruction_ns = qemu.icount_to_ns(1);
  expect(instruction_ns > 0 && std::has_single_bit(static_cast<std::uint64_t>(instruction_ns)),
         "icount_to_ns does not tell the length of an instruction");
}

}  // namespace

std::vector<std::string> failed_probes(const Symbols& qemu, bool has_machine, bool counts_instructions) {
  std::vector<std::string> failures;
  const Expect expect = [&failures](bool holds, const char* failure) {
    if (!holds) {
      failures.emplace_back(failure);
    }
  };

  if (counts_instructions) {
    probe_instruction_counting(qemu, expect);
  }
  expect(*qemu.rtc_clock == virtual_clock,
         "the real-time clock does not follow the virtual clock; start QEMU with -rtc clock=vm");
  expect(qemu.bql_locked(), "bql_locked does not tell that the main thread holds QEMU's lock here");
  expect(!qemu.runstate_is_running(), "runstate_is_running says that a machine runs which has not been started");
  expect(qemu.qemu_shutdown_requested_get() == 0 && qemu.qemu_reset_requested_get() == 0,
         "qemu_shutdown_requested_get or qemu_reset_requested_get tells of a request that nobody made");
  expect(qemu.qemu_clock_get_ns(virtual_clock) == qemu.qemu_clock_get_ns(virtual_clock),
         "the virtual clock moves although no instruction runs");
  expect(do_timers_work(qemu), "a timer on the virtual clock cannot be armed and deleted");
  expect(qemu.qemu_clock_deadline_ns_all(virtual_clock, any_timer) < 0,
         "qemu_clock_deadline_ns_all does not tell that the virtual clock is disabled before the machine's start");
  expect((qemu.qemu_get_cpu(0) != nullptr) == has_machine, has_machine
                                                               ? "this machine has no CPU; choose one that has, with -M"
                                                               : "qemu_get_cpu(0) gives a vCPU where none is");
  return failures;
}

}  // namespace fermata::qemu
