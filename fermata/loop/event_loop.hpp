// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "fermata/clock/timer_list_group.hpp"
#include "fermata/loop/deferred_calls.hpp"
#include "fermata/loop/descriptors.hpp"
#include "fermata/loop/wakeup.hpp"

namespace fermata::loop {

/// Waits for descriptors, wake-ups and timers, and calls who is due. One thread turns it, and watches and forgets
/// descriptors; `wake`, `stop`, `defer` and the timers of its group are for any thread. The clocks outlive it, and it
/// outlives its timers and deferred calls.
///
/// A thread that turns a loop gets a timer slack of 1 ns, so that its waits end when they should.
///
/// A machine has one main loop, to which timer lists that belong to no loop are turned over; I/O threads have loops of
/// their own, each with its own group of timer lists.
class EventLoop {
 public:
  enum class Role { main_loop, io_thread };
  struct Options {
    Role role = Role::main_loop;
    /// Called, in the thread that caused it, when the soonest deadline of the virtual clock becomes earlier and virtual
    /// time comes from instructions: has a running hart leave, so that its budget is computed anew.
    std::function<void()> virtual_deadline_is_earlier;
  };
  enum class Wait { yes, no };

  EventLoop(clock::Clocks& clocks, Options options);
  explicit EventLoop(clock::Clocks& clocks) : EventLoop(clocks, Options{}) {}
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] clock::TimerListGroup& timers() { return timers_; }
  [[nodiscard]] DeferredCalls& deferred_calls() { return deferred_calls_; }

  /// See Descriptors.
  void watch(int fd, DescriptorHandlers handlers) { descriptors_.watch(fd, std::move(handlers)); }
  void forget(int fd) { descriptors_.forget(fd); }
  /// See DeferredCalls.
  void defer(std::function<void()> function) { deferred_calls_.defer(std::move(function)); }

  /// One turn [main_loop_wait]: waits for a descriptor, a wake-up, `wake` since the last turn included, or the soonest
  /// deadline that host time brings; calls the handlers of ready descriptors, then the deferred calls, then the timers
  /// that are due, of all four clocks. Each is called once at most for what was there: what they bring about waits for
  /// the next turn. True if anything was called. Not from within itself.
  bool turn(Wait wait);
  /// Turns until `stop` was called, at once if that was before.
  void run();
  void stop();
  /// Ends the wait of the present turn, or that of the next.
  void wake() { wakeup_.wake(); }

 private:
  void deadline_is_earlier(clock::ClockKind kind);
  void wait_for_something(Wait wait);

  Options options_;
  Wakeup wakeup_;
  Descriptors descriptors_;
  DeferredCalls deferred_calls_;
  clock::TimerListGroup timers_;
  std::atomic<bool> is_stopped_{false};
  bool is_turning_ = false;
  std::thread::id has_precise_waits_;  // the thread that was given them
};

}  // namespace fermata::loop
