// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "fermata/guest/statistics.hpp"
#include "guests/qemu/agent/threaded/bell.hpp"
#include "guests/qemu/agent/threaded/clamped_clock.hpp"
#include "guests/qemu/agent/threaded/machine_time.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Virtual time that is the host's, up to each limit: for KVM, and for multi-threaded TCG. The virtual clock stops
/// exactly at the limit; the guest runs on for the moment that it takes to stop its vCPUs, and what it ran on is a
/// debt, taken off what it is given next. So the guest has had no more processor time than virtual time, in the long
/// run.
class HostTime final : public MachineTime {
 public:
  struct Options {
    clock::SpeedFactor factor = clock::SpeedFactor::nominal();  ///< virtual time in a span of the host's
    GuestClocks* guest_clocks = nullptr;                        ///< KVM's
    guest::Statistics* statistics = nullptr;
  };

  /// All outlive it.
  HostTime(Vcpus& vcpus, const Options& options) : vcpus_(vcpus), options_(options), clock_(options.factor) {}

  // MachineTime
  [[nodiscard]] time::Duration reading() const override;
  [[nodiscard]] bool begin(time::Duration limit) override;
  bool run(const std::function<bool()>& must_stop) override;
  void hurry() override { wake_.ring(); }
  void raise(time::Duration limit) override { clock_.set_limit(limit); }
  void end() override;
  void stand_within(bool are_others_held) override;
  void pass_within(time::Duration reading) override;
  void go_on_within(time::Duration limit) override;
  void others_gone_on() override;
  bool stopped() override;
  void started(time::Duration reading, time::Duration limit) override;

 private:
  time::Duration go_on_to(time::Duration limit);
  [[nodiscard]] bool wait_for_limit(const std::function<bool()>& must_stop);
  void sample(std::vector<host::HostDuration>& cpu_times) const;
  [[nodiscard]] bool has_clocks_to_set() const { return options_.guest_clocks != nullptr && are_others_held_; }
  [[nodiscard]] time::Duration ran_on(time::Duration past_when_woken, time::Duration past) const;

  Vcpus& vcpus_;
  Options options_;
  ClampedClock clock_;
  std::atomic<bool> is_stopped_{true};  // the clock is QEMU's, which a snapshot's load sets
  host::PunctualWait wait_;
  Bell wake_;
  time::Duration debt_;                       // of virtual time
  std::atomic<bool> is_ending_{false};        // the agent's thread has the vCPUs stand
  bool are_others_held_ = true;               // while one is within an instruction
  std::optional<time::Duration> limit_then_;  // once the others have gone on
  time::Duration woken_at_;                   // of the host's
  std::vector<host::HostDuration> cpu_when_resumed_;
  std::vector<host::HostDuration> cpu_when_woken_;
};

}  // namespace fermata::qemu
