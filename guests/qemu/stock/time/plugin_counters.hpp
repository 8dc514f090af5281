// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <vector>

#include "guests/qemu/stock/symbols.hpp"
#include "guests/qemu/stock/time/symbols.hpp"
#include "guests/qemu/stock/time/vcpu_counters.hpp"

namespace fermata::qemu {

/// Those that QEMU's TCG plugin interface counts, inline, from version 9.1 on: a scoreboard that each block takes its
/// instructions from, and a call when a vCPU's entry is below zero. One per process, never destroyed.
class PluginCounters final : public VcpuCounters {
 public:
  /// Plugin installation time: `plugin` is our number there, `time` has what instruction time needs.
  PluginCounters(std::uint64_t plugin, const Symbols& symbols, const TimeSymbols& time, const SymbolLookup& lookup);

  /// Starts to tell `listener`. Once, at machine-init-done, before any instruction.
  void connect(Listener& listener);

  // VcpuCounters
  [[nodiscard]] int count() const override { return static_cast<int>(vcpus_.size()); }
  [[nodiscard]] std::int64_t left(int vcpu) const override;
  void set_left(int vcpu, std::int64_t instructions) override;
  void queue_wait(int vcpu) override;
  [[nodiscard]] bool is_idle(int vcpu) const override;
  [[nodiscard]] bool is_stopped(int vcpu) const override;
  [[nodiscard]] int this_vcpu() const override;

 private:
  // Holds one less, so that it is negative when none is left. Null before QEMU has made the vCPU's element.
  [[nodiscard]] std::int64_t* entry(int vcpu) const;
  [[nodiscard]] Listener* listener_of(int vcpu) const;
  void add_vcpu(int vcpu);
  void count_block(void* block);

  Symbols qemu_;
  TimeSymbols time_;
  void* scoreboard_;
  std::atomic<int> known_vcpus_{0};  // whose elements are there
  std::vector<QemuCpu*> vcpus_;
  std::atomic<Listener*> listener_{nullptr};
};

}  // namespace fermata::qemu
