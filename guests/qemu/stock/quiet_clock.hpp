// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// Keeps QEMU's main thread asleep while the virtual clock reaches a horizon: the vCPU thread does alone what stock
/// QEMU does with both. Same virtual time, same guest; two wake-ups and about five futex calls less per quantum.
///
/// A convenience: where this QEMU is not laid out as expected nothing is changed, and all works as before, slower. One
/// per process, never destroyed.
class QuietClock {
 public:
  explicit QuietClock(const Symbols& symbols) : qemu_(symbols) {}
  QuietClock(const QuietClock&) = delete;
  QuietClock& operator=(const QuietClock&) = delete;

  /// At machine-init-done, in the main thread with the lock held. Returns why QEMU's main thread will not stay asleep,
  /// for people; empty if it will.
  [[nodiscard]] std::string install();

  /// While one lives, QEMU's vCPU thread is not told that a timer was armed. In that thread, outside guest code.
  class Silence {
   public:
    explicit Silence(QuietClock& clock) : clock_(clock) { clock_.is_silent_ = true; }
    ~Silence() { clock_.is_silent_ = false; }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

   private:
    QuietClock& clock_;
  };

  /// While one lives, QEMU gets an answer to its question whether its vCPUs are idle, and nothing else happens. vCPU
  /// thread, lock held.
  class Pause {
   public:
    explicit Pause(QuietClock& clock) : clock_(clock) { clock_.is_paused_ = true; }
    ~Pause() { clock_.is_paused_ = false; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    QuietClock& clock_;
  };

 private:
  using NotifyCallback = void (*)(void* opaque, int clock);
  // A timer list, of an AioContext or of the main loop (without context), whose notifications pass through us.
  struct FilteredList {
    void* list;
    NotifyCallback original;
    void* opaque;
  };

  bool filter_notifications();
  template <typename Visit>
  void visit_lists(Visit visit) const;
  bool is_notified_through_us(void* list);
  void notify(void* opaque, int clock);

  bool hook_idle();
  bool is_idle(const QemuCpu* cpu);
  bool is_idle_in_vcpu_thread();
  bool does_arming_ask();
  void warp();
  void run_on_while_idle();
  [[nodiscard]] bool has_foreign_timers() const;

  Symbols qemu_;
  std::size_t callback_offset_ = 0;
  std::vector<FilteredList> lists_;  // those there were when installed
  bool is_proving_ = false;
  bool was_notified_ = false;

  // Under QEMU's lock.
  QemuCpu* last_cpu_ = nullptr;
  bool is_paused_ = false;
  bool is_silent_ = false;
  bool is_warping_ = false;  // within QEMU's warp, which asks in turn whether all vCPUs are idle
  bool is_parked_ = false;   // the vCPU thread has gone to sleep and leaves the clock to the main thread
  bool is_probing_ = false;  // within does_arming_ask
  bool was_asked_ = false;
  bool is_probed_ = false;
  bool does_arming_ask_ = false;
  bool is_warp_queued_ = false;
};

}  // namespace fermata::qemu
