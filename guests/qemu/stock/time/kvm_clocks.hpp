// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fermata/host/clock.hpp"
#include "guests/qemu/stock/symbols.hpp"
#include "guests/qemu/stock/time/symbols.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// The clocks that KVM gives its guest from the host's time: kvmclock, and each vCPU's time-stamp counter. Both are set
/// to virtual time whenever the vCPUs go on (Linux, Documentation/virt/kvm/api.rst: KVM_SET_CLOCK; devices/vcpu.rst:
/// KVM_VCPU_TSC_OFFSET), so that what they are wrong by does not add up. The timers that are the kernel's (local APIC,
/// PIT) stay on the host's time: nothing reaches them.
class KvmClocks final : public GuestClocks {
 public:
  /// At machine-init-done, lock held; `time` has all that KVM needs. `do_guests_see_offsets` is what a guest has shown,
  /// if one could be asked. `host` is what the guest's counters are made of, and outlives this.
  KvmClocks(const Symbols& symbols, const TimeSymbols& time, std::optional<bool> do_guests_see_offsets,
            const host::CycleCounter& host = host::CycleCounter::system());

  // GuestClocks
  void hold() override;
  void show(time::Duration reading) override;
  void adopt(time::Duration reading) override;

  /// What of the guest's clocks cannot be held, for people: a sentence each. After the first `adopt`.
  [[nodiscard]] std::vector<std::string> shortfalls() const;
  /// True once after each change of them: the first `adopt`, and when the host turns out to move the counters itself.
  [[nodiscard]] bool take_news() { return std::exchange(has_news_, false); }

 private:
  // One vCPU's counter: it shows the host's cycles plus an offset.
  struct Counter {
    QemuCpu* cpu;
    std::int64_t offset = 0;
    std::int64_t base = 0;  // what it shows at reading 0
    int changes = 0;        // of the offset by somebody else, each time that it was looked at
  };

  [[nodiscard]] std::optional<std::int64_t> kvmclock() const;
  void find_counters(time::Duration reading);
  void adopt_counter(Counter& counter, time::Duration reading, std::int64_t now);
  void show_counter(Counter& counter, time::Duration reading, std::int64_t now);
  [[nodiscard]] bool was_set(Counter& counter);
  void set_counter(Counter& counter, std::int64_t value, std::int64_t now) const;
  void give_up_counters();
  [[nodiscard]] std::int64_t host_cycles() const;
  [[nodiscard]] std::optional<std::int64_t> scaled_cycles() const;
  [[nodiscard]] bool are_cycles_scaled() const;
  [[nodiscard]] std::int64_t cycles_in(time::Duration span) const;
  [[nodiscard]] std::optional<std::int64_t> offset_of(const Counter& counter) const;
  [[nodiscard]] bool set_offset(const Counter& counter, std::int64_t offset) const;
  [[nodiscard]] bool obeys(const Counter& counter) const;
  [[nodiscard]] std::optional<std::uint64_t> read_counter(const Counter& counter) const;

  Symbols qemu_;
  TimeSymbols time_;
  bool may_obey_;
  const host::CycleCounter& host_;
  std::optional<std::int64_t> clock_base_;  // kvmclock at reading 0; nothing where it cannot be set
  std::vector<Counter> counters_;           // empty where the host does not obey
  std::int64_t khz_ = 0;
  bool is_scaled_ = false;
  bool has_looked_ = false;
  bool has_news_ = false;
  bool is_given_up_ = false;
  bool is_held_ = false;
  std::int64_t held_at_ = 0;  // the host's cycles
  time::Duration shown_;      // the last reading
};

}  // namespace fermata::qemu
