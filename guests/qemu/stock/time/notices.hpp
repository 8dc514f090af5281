// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fermata/time/duration.hpp"
#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// Tells at once what concerns vCPUs that run with a thread each and is nobody's business in a stock QEMU: a timer on
/// the virtual clock that comes before all others, and a vCPU that is asked to look what there is for it to do. It gets
/// between QEMU and two functions that QEMU calls through pointers; both are found by value.
///
/// A convenience: where this QEMU is not laid out as expected nothing is changed. One per process, never destroyed.
class Notices {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    /// A timer of the machine's was armed for `reading`, before all others. In the thread that did so, which may be a
    /// vCPU's within guest code; must not block. With QEMU's lock or without.
    virtual void armed(time::Duration reading) = 0;
    /// The vCPU is asked to look, for an interrupt or other work, of which it knows already. As before; it has not
    /// woken up for that yet if the lock is held.
    virtual void kicked(int vcpu) = 0;
  };

  explicit Notices(const Symbols& symbols) : qemu_(symbols) {}
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /// At machine-init-done, lock held. Returns why nothing will be told, for people; empty if all will.
  [[nodiscard]] std::string install(Listener& listener, const SymbolLookup& lookup);

 private:
  using NotifyCallback = void (*)(void* opaque, int clock);
  using Kick = void (*)(QemuCpu* cpu);

  [[nodiscard]] bool listen_to_timers();
  [[nodiscard]] bool listen_to_kicks(const SymbolLookup& lookup);
  void notified(void* opaque, int clock);
  void kicked(QemuCpu* cpu);

  Symbols qemu_;
  Listener* listener_ = nullptr;
  void* list_ = nullptr;
  std::size_t callback_offset_ = 0;
  bool is_proving_ = false;
  bool was_notified_ = false;
  std::vector<QemuCpu*> vcpus_;
  Kick kick_ = nullptr;
};

}  // namespace fermata::qemu
