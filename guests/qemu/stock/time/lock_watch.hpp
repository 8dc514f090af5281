// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
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

  /// A thread that is looked at.
  class Thread {
   public:
    Thread() = default;
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    /// Called in it whenever it asks for the lock, before it waits.
    std::function<void()> on_ask{};

    /// True from when it asks for the lock until it has it, and while it sleeps on a condition of QEMU's for which it
    /// has let the lock go: for as long as somebody else has the lock it does nothing. Any thread.
    [[nodiscard]] bool is_waiting() const { return is_waiting_.load(); }

   private:
    friend class LockWatch;
    std::atomic<bool> is_waiting_{false};
  };

  /// Puts itself into QEMU's hooks, for ever.
  LockWatch(const Symbols& symbols, const TimeSymbols& time);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  /// True if this QEMU has the hooks: else no thread is ever waiting.
  [[nodiscard]] bool sees_all() const { return sees_all_; }
  /// The calling thread is `thread` from now on. That ends after it, or in it.
  static void attach(Thread& thread);

  /// Who asks for the lock from now on is kept from it, whoever has it, until `open`, or for as long as
  /// `longest_closed`: but for vCPUs' threads, and the caller's. To ask is seen by QemuHost::is_lock_wanted. Both in
  /// one thread.
  void close();
  void open();

 private:
  static void take(void* mutex, const char* file, int line);
  static void sleep(void* condition, void* mutex, const char* file, int line);
  void wait_until_open();

  bool (*in_vcpu_thread_)();
  bool sees_all_ = false;
  std::atomic<bool> is_closed_{false};
  std::atomic<int> kept_out_{0};
  std::mutex mutex_;
  std::condition_variable opened_;
};

}  // namespace fermata::qemu
