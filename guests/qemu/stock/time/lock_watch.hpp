// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "fermata/host/clock.hpp"
#include "guests/qemu/stock/symbols.hpp"
#include "guests/qemu/stock/time/symbols.hpp"

namespace fermata::qemu {

/// Who waits for QEMU's big lock, by the hooks that QEMU has for its own profiler of locks. One in a process.
class LockWatch {
 public:
  /// How long a gate that nobody opens stays closed: whoever has the lock may wait for a thread in front of it.
  static constexpr host::HostDuration longest_closed = std::chrono::milliseconds(100);

  /// Where a vCPU's thread waits: for the lock, or on a condition of QEMU's for which it has let the lock go. While
  /// somebody else has the lock such a thread does nothing.
  enum class Wait : std::uint8_t {
    none,
    in_instruction,        ///< of the guest's, as one that does I/O
    between_instructions,  ///< of multi-threaded TCG
    for_other_vcpus,       ///< until they have left guest code, or have done what they are to be alone for
  };

  /// A vCPU's thread.
  class Thread {
   public:
    Thread() = default;
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    /// Called in it whenever it asks for the lock, before it waits.
    std::function<void()> on_ask{};

    /// Any thread; what it says lasts for those who have the lock.
    [[nodiscard]] Wait wait() const { return wait_.load(); }

   private:
    friend class LockWatch;
    std::atomic<Wait> wait_{Wait::none};
    Wait last_asked_ = Wait::in_instruction;  // of its own: where it got the lock that it has
  };

  /// Puts itself into QEMU's hooks, for ever.
  LockWatch(const Symbols& symbols, const TimeSymbols& time, host::HostDuration longest = longest_closed);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  /// True if this QEMU has the hooks: else not all that wait are known to.
  [[nodiscard]] bool sees_all() const { return sees_all_; }
  /// The calling thread is `thread` from now on. That ends after it, or in it.
  static void attach(Thread& thread);

  /// Who asks for the lock from now on is kept from it, whoever has it, until `open`, or for as long as
  /// `longest_closed`: but for vCPUs' threads, and the caller's. To ask is seen by QemuHost::is_lock_wanted. Both in
  /// one thread.
  void close();
  void open();
  /// Until `let_vcpus_in` no other vCPU's thread gets the lock: each that has left guest code stays out of it, and
  /// whoever else wants the lock gets it. In the thread of a vCPU that has the lock, which it may let go of meanwhile.
  void keep_vcpus_out();
  void let_vcpus_in();
  /// How many have been kept out, and have not got in yet.
  [[nodiscard]] int vcpus_out() const { return vcpus_out_; }
  /// True if this QEMU lets that be done.
  [[nodiscard]] bool can_keep_vcpus_out() const { return sees_all_ && unlock_ != nullptr; }
  /// The vCPU whose thread this is executes nothing until it asks for the lock, which it has and is about to let go.
  static void wait_here();
  /// How many are kept from it now.
  [[nodiscard]] int kept_out() const { return kept_out_; }
  /// How many others than vCPUs' threads sleep on a condition, for which they have let the lock go: they take it again
  /// unseen, and closed or not. Whoever has the lock.
  [[nodiscard]] int sleepers() const { return sleepers_; }

 private:
  static void take(void* mutex, const char* file, int line);
  [[nodiscard]] static Wait place_of(const char* file);
  static void sleep(void* condition, void* mutex, const char* file, int line);
  void wait_until_open();
  void stay_out(const Thread& self, void* mutex, const char* file, int line);

  bool (*in_vcpu_thread_)();
  LockFunction unlock_;
  host::HostDuration longest_;
  bool sees_all_ = false;
  bool do_exceptions_execute_;  // calls of the guest's to its firmware, or to the host
  std::atomic<bool> is_closed_{false};
  std::atomic<const Thread*> let_in_alone_{nullptr};  // vCPUs are kept out, but for this one
  std::atomic<int> vcpus_out_{0};
  std::atomic<int> kept_out_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable opened_;
  std::condition_variable vcpus_let_in_;
};

}  // namespace fermata::qemu
