// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "guests/qemu/agent/threaded/machine_time.hpp"
#include "guests/qemu/stock/qemu_host.hpp"
#include "guests/qemu/stock/time/vcpu_counters.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Virtual time that comes from the instructions that vCPUs with a thread each execute: each instruction takes a fixed
/// time, whatever the host does. The vCPUs run side by side through slices of virtual time; each stands at a slice's
/// end until all have got there that have anything to execute, and where none has, time goes on to the next timer at
/// once. Within a slice they may be apart by as much as it is long: how their accesses to memory interleave is the
/// host's affair, and two runs are not the same. See the source for how.
class InstructionTime final : public MachineTime, public VcpuCounters::Listener {
 public:
  struct Options {
    std::vector<std::int64_t> instruction_ns = {8};  ///< by vCPU, 1 or more; the last is that of all further ones
    time::Duration longest_slice = time::Duration::microseconds(50);
  };

  /// All outlive it.
  InstructionTime(QemuHost& host, Vcpus& vcpus, VcpuCounters& counters, const Options& options);

  // MachineTime
  [[nodiscard]] time::Duration reading() const override;
  [[nodiscard]] bool begin(time::Duration limit) override;
  bool run(const std::function<bool()>& must_stop) override;
  void hurry() override;
  void raise(time::Duration limit) override;
  void end() override;
  void stopped() override;
  void started(time::Duration reading, time::Duration limit) override;

  // VcpuCounters::Listener
  void spent(int vcpu) override;
  void wait(int vcpu) override;
  void falls_asleep(int vcpu) override;
  void wakes_up(int vcpu) override;

 private:
  struct Vcpu {
    std::int64_t instruction_ns = 1;
    std::int64_t rest_ns = 0;  // of slices, less than an instruction
    std::atomic<bool> is_wait_queued{false};
    bool has_arrived = false;  // it waits at the slice's end
    bool is_asleep = false;
    std::uint64_t filled_up_for = 0;  // which state of the clock its count is for
  };

  [[nodiscard]] Vcpu& vcpu(int index) { return *states_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const Vcpu& vcpu(int index) const { return *states_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] bool have_all_arrived() const;
  [[nodiscard]] bool are_all_asleep() const;
  [[nodiscard]] bool is_one_stopped() const;
  void next_slice();
  void open_slice(time::Duration end);
  void set_clock(time::Duration start, time::Duration end);
  void fill_up(int index);
  void let_go();
  [[nodiscard]] time::Duration slice_start() const { return time::Duration::nanoseconds(start_ns_.load()); }
  [[nodiscard]] time::Duration slice_end() const { return time::Duration::nanoseconds(end_ns_.load()); }

  QemuHost& host_;
  Vcpus& vcpus_;
  VcpuCounters& counters_;
  time::Duration longest_slice_;
  std::vector<std::unique_ptr<Vcpu>> states_;

  std::atomic<std::int64_t> start_ns_{0};
  std::atomic<std::int64_t> end_ns_{0};  // of the open slice; the start if none is
  std::atomic<bool> is_stopped_{true};   // the clock is QEMU's, which a snapshot's load sets

  mutable std::mutex mutex_;
  std::condition_variable arrived_;   // to the agent's thread
  std::condition_variable released_;  // to the vCPUs'
  time::Duration limit_;
  std::uint64_t state_ = 0;  // of the clock: counts its changes
  bool is_hurried_ = false;  // the agent's thread is to look
  bool must_let_go_ = true;  // the vCPUs are to come to QEMU, which has them stand
};

}  // namespace fermata::qemu
