// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// A timer of QEMU's, for a device of ours. Never destroyed while QEMU lives.
class StockTimer final : public DeviceTimer {
 public:
  explicit StockTimer(const Symbols& symbols) : qemu_(symbols) {
    qemu_.timer_init_full(
        &timer_, nullptr, virtual_clock, 1, 0, [](void* self) { static_cast<StockTimer*>(self)->expired_(); }, this);
  }
  StockTimer(const StockTimer&) = delete;
  StockTimer& operator=(const StockTimer&) = delete;
  ~StockTimer() override = default;

  void set_handler(std::function<void()> expired) override { expired_ = std::move(expired); }
  void arm(time::Duration reading) override { qemu_.timer_mod_ns(&timer_, reading.ns()); }
  void disarm() override { qemu_.timer_del(&timer_); }

 private:
  Symbols qemu_;
  QemuTimerStorage timer_{};
  std::function<void()> expired_;
};

}  // namespace fermata::qemu
