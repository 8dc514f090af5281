// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

#include "guests/qemu/agent/threaded/machine_time.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Time that comes from nowhere: it moves on while it is run, up to a gate. Set by any thread.
class FakeTime final : public MachineTime {
 public:
  explicit FakeTime(Vcpus& vcpus) : vcpus_(vcpus) {}

  /// Set before a grant: how far beyond its end the guest ran the last time.
  std::atomic<std::int64_t> ran_on_ns{0};

  /// Does not run beyond this reading for now.
  void set_gate(time::Duration reading) { gate_ns_ = reading.ns(); }
  void open_gate() { gate_ns_ = std::numeric_limits<std::int64_t>::max(); }
  void wait_at_gate() const {
    while (reading_ns_ != gate_ns_) {
      std::this_thread::yield();
    }
  }
  /// What the guest was let run to, and stopped at.
  [[nodiscard]] time::Duration own_reading() const { return time::Duration::nanoseconds(reading_ns_.load()); }

  [[nodiscard]] time::Duration reading() const override { return is_stopped_ ? vcpus_.running_clock() : own_reading(); }
  [[nodiscard]] bool begin(time::Duration limit) override {
    const std::lock_guard guard(mutex_);
    limit_ = limit;
    reading_ns_ += std::min(ran_on_ns.exchange(0), limit.ns() - reading_ns_);
    return own_reading() < limit;
  }
  bool run(const std::function<bool()>& must_stop) override {
    while (!must_stop()) {
      const std::lock_guard guard(mutex_);
      if (is_stopped_) {
        continue;
      }
      if (own_reading() >= limit_) {
        return true;
      }
      reading_ns_ = std::max(reading_ns_.load(), std::min({limit_.ns(), gate_ns_.load(), reading_ns_ + 100'000}));
    }
    return false;
  }
  void hurry() override {}
  void raise(time::Duration limit) override {
    const std::lock_guard guard(mutex_);
    limit_ = limit;
  }
  void end() override {
    if (!vcpus_.catch_at_lock()) {
      vcpus_.pause();
    }
    const std::lock_guard guard(mutex_);
    limit_ = std::min(limit_, own_reading());
  }
  void stand_within(bool /*are_others_held*/) override { pass_within(own_reading()); }
  void pass_within(time::Duration reading) override {
    const std::lock_guard guard(mutex_);
    limit_ = reading;
    reading_ns_ = reading.ns();
  }
  void go_on_within(time::Duration limit) override { raise(limit); }
  bool stopped() override {
    const std::lock_guard guard(mutex_);
    const bool is_saved = vcpus_.set_running_clock(own_reading());
    is_stopped_ = true;
    return is_saved;
  }
  void started(time::Duration reading, time::Duration limit) override {
    const std::lock_guard guard(mutex_);
    reading_ns_ = reading.ns();
    limit_ = limit;
    is_stopped_ = false;
  }

 private:
  Vcpus& vcpus_;
  std::mutex mutex_;
  time::Duration limit_;
  std::atomic<std::int64_t> gate_ns_{std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> reading_ns_{0};
  std::atomic<bool> is_stopped_{true};
};

}  // namespace fermata::qemu
