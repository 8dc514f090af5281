// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "guests/qemu/agent/threaded/machine_time.hpp"
#include "guests/qemu/stock/qemu_host.hpp"
#include "guests/qemu/stock/time/notices.hpp"
#include "guests/qemu/stock/time/vcpu_counters.hpp"
#include "guests/qemu/stock/time/vcpus.hpp"

namespace fermata::qemu {

/// Virtual time that comes from the instructions that vCPUs with a thread each execute: each instruction takes a fixed
/// time, whatever the host does. The vCPUs run side by side through slices of virtual time; each stands at a slice's
/// end until all have got there that have anything to execute, and where none has, time goes on to the next timer at
/// once. Within a slice they may be apart by as much as it is long: how their accesses to memory interleave is the
/// host's affair, and two runs are not the same. A slice ends where the next timer is due, also one that is armed while
/// it runs, at the limit, and at `longest_slice`. See the source for how.
///
/// All see one clock: nobody, vCPU or not, reads less than anybody has read before.
class InstructionTime final : public MachineTime, public VcpuCounters::Listener, public Notices::Listener {
 public:
  struct Options {
    std::vector<std::int64_t> instruction_ns = {8};  ///< by vCPU, 1 or more; the last is that of all further ones
    time::Duration longest_slice = time::Duration::microseconds(200);
  };

  /// All outlive it.
  InstructionTime(QemuHost& host, Vcpus& vcpus, VcpuCounters& counters, const Options& options);

  // MachineTime
  [[nodiscard]] time::Duration reading() const override;
  [[nodiscard]] bool begin(time::Duration limit) override;
  void resumed() override;
  bool run(const std::function<bool()>& must_stop) override;
  void hurry() override;
  void raise(time::Duration limit) override;
  void end() override;
  void stand_within(bool are_others_held) override;
  void pass_within(time::Duration reading) override;
  void go_on_within(time::Duration limit) override;
  bool stopped() override;
  void started(time::Duration reading, time::Duration limit) override;

  // VcpuCounters::Listener
  void spent(int vcpu) override;
  void wait(int vcpu) override;
  void falls_asleep(int vcpu) override;
  void wakes_up(int vcpu) override;

  // Notices::Listener
  void armed(time::Duration reading) override;
  void kicked(int vcpu) override;

 private:
  static constexpr std::int64_t never = -1;

  // A vCPU's own time is `due_ns` less that of the instructions which it has left.
  struct Vcpu {
    std::int64_t instruction_ns = 1;
    std::int64_t due_ns = 0;
    std::int64_t furthest_ns = 0;             // the latest end that it was to run to: a block too long does not show
    std::atomic<bool> is_wait_queued{false};  // or about to be
    bool has_asked_to_wait = false;           // the same by its own thread, whose it is
    bool has_arrived = false;                 // it waits at the slice's end
    std::atomic<bool> is_asleep{false};
    std::atomic<std::int64_t> kicked_at_ns{never};  // since it fell asleep
  };

  [[nodiscard]] Vcpu& vcpu(int index) { return *states_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const Vcpu& vcpu(int index) const { return *states_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] time::Duration executed_to(int index) const;
  [[nodiscard]] time::Duration own_time(int index) const;
  [[nodiscard]] bool have_all_arrived() const;
  [[nodiscard]] bool are_all_asleep() const;
  [[nodiscard]] bool is_one_stopped() const;
  template <typename Is>
  [[nodiscard]] bool is_any(Is is) const;
  [[nodiscard]] bool next_slice_of_agent(bool has_waited);
  [[nodiscard]] bool next_slice(bool has_waited);
  void stand(time::Duration at);
  void stand_at_the_furthest();
  void open_slice(time::Duration end);
  [[nodiscard]] std::vector<int> shorten_slice(time::Duration end);
  void fill_up(int index);
  void skip_to(int index, time::Duration to);
  [[nodiscard]] bool may_set_count(int index) const;
  void queue_wait(int index);
  void let_go();
  [[nodiscard]] time::Duration latest() const { return time::Duration::nanoseconds(latest_ns_.load()); }
  [[nodiscard]] time::Duration slice_start() const { return time::Duration::nanoseconds(start_ns_.load()); }
  [[nodiscard]] time::Duration slice_end() const { return time::Duration::nanoseconds(end_ns_.load()); }

  QemuHost& host_;
  Vcpus& vcpus_;
  VcpuCounters& counters_;
  time::Duration longest_slice_;
  std::vector<std::unique_ptr<Vcpu>> states_;

  std::atomic<std::int64_t> start_ns_{0};
  std::atomic<std::int64_t> end_ns_{0};             // of the open slice; where the vCPUs have met if none is
  mutable std::atomic<std::int64_t> latest_ns_{0};  // what a vCPU has read
  bool are_others_held_ = true;                     // while one is within an instruction
  std::atomic<bool> is_stopped_{true};              // the clock is QEMU's, which a snapshot's load sets

  mutable std::mutex mutex_;
  std::condition_variable arrived_;   // to the agent's thread
  std::condition_variable released_;  // to the vCPUs'
  time::Duration limit_;
  time::Duration met_;       // where the last slice ended; the clock may be ahead
  bool is_open_ = false;     // a slice is
  bool is_hurried_ = false;  // the agent's thread is to look
  bool must_let_go_ = true;  // the vCPUs are to come to QEMU, which has them stand
};

}  // namespace fermata::qemu
