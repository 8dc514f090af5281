// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "fermata/clock/revocable.hpp"
#include "fermata/loop/wakeup.hpp"

namespace fermata::loop {

/// Calls that wait for the loop's thread to make them, in the order in which they were asked for. Any thread, but
/// `run`, which is for the loop's. Outlives its DeferredCalls.
class DeferredCalls {
 public:
  explicit DeferredCalls(Wakeup& wakeup) : wakeup_(&wakeup) {}

  /// Calls `function` once, in the next turn; never if the loop ends before.
  void defer(std::function<void()> function);
  /// Makes the calls that were asked for before this; what they ask for waits for the next time. True if any was made.
  bool run();

 private:
  friend class DeferredCall;
  struct Call {
    explicit Call(std::function<void()> function) : call(std::move(function)) {}
    clock::Revocable<> call;
    std::atomic<bool> is_scheduled{false};
  };
  void schedule(const std::shared_ptr<Call>& call);

  Wakeup* wakeup_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Call>> waiting_;
};

/// A call that can be asked for again and again and is made once for all that asked since [QEMUBH]. Any thread; may be
/// destroyed from within, and where it runs in another thread, destruction waits.
class DeferredCall {
 public:
  /// Throws base::BadArgument if there is no function.
  DeferredCall(DeferredCalls& calls, std::function<void()> function);
  ~DeferredCall() { call_->call.revoke(); }
  DeferredCall(const DeferredCall&) = delete;
  DeferredCall& operator=(const DeferredCall&) = delete;

  /// Has the loop make the call in its next turn.
  void schedule() { calls_->schedule(call_); }
  /// It is not made for what asked so far, unless it is running already.
  void cancel() { call_->is_scheduled.store(false, std::memory_order_release); }
  [[nodiscard]] bool is_scheduled() const { return call_->is_scheduled.load(std::memory_order_acquire); }

 private:
  DeferredCalls* calls_;
  std::shared_ptr<DeferredCalls::Call> call_;
};

}  // namespace fermata::loop
