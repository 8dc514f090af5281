// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace fermata::qemu {

/// Counts of the instructions that each vCPU may still execute, for TCG with a thread for each. A seam as QemuHost is
/// one. vCPUs are numbered from 0.
class VcpuCounters {
 public:
  /// What happens to the vCPUs, told in their own threads.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// It has none left, and is about to execute a block. Within guest code, without QEMU's lock: must not
    /// block. Again at each block until the count is filled up.
    virtual void spent(int vcpu) = 0;
    /// What `queue_wait` asked for. Outside guest code, lock held; may drop it and block.
    virtual void wait(int vcpu) = 0;
    /// It has nothing to execute (it waits for an interrupt, or is stopped) and sleeps. Lock held.
    virtual void falls_asleep(int vcpu) = 0;
    /// It has slept, and looks what there is to do. Lock held.
    virtual void wakes_up(int vcpu) = 0;
  };

  virtual ~VcpuCounters() = default;

  [[nodiscard]] virtual int count() const = 0;
  /// Instructions left. In the vCPU's own thread, or where it does not execute.
  [[nodiscard]] virtual std::int64_t left(int vcpu) const = 0;
  virtual void set_left(int vcpu, std::int64_t instructions) = 0;
  /// Has `Listener::wait` called before the vCPU's next block but one at the latest. Any thread.
  virtual void queue_wait(int vcpu) = 0;
  /// False while a vCPU that has fallen asleep has a reason to wake up. Any thread.
  [[nodiscard]] virtual bool is_idle(int vcpu) const = 0;
  /// True while QEMU has it stand, as all do for its user and one does at a debugger's breakpoint. Any thread.
  [[nodiscard]] virtual bool is_stopped(int vcpu) const = 0;
  /// The vCPU whose thread this is; -1 in any other.
  [[nodiscard]] virtual int this_vcpu() const = 0;
};

}  // namespace fermata::qemu
