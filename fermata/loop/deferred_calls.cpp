// SPDX-License-Identifier: MIT
#include "fermata/loop/deferred_calls.hpp"

#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::loop {

void DeferredCalls::defer(std::function<void()> function) {
  if (!function) {
    throw base::BadArgument("DeferredCalls: function is empty; it has to be something that can be called");
  }
  schedule(std::make_shared<Call>(std::move(function)));
}

void DeferredCalls::schedule(const std::shared_ptr<Call>& call) {
  if (call->is_scheduled.exchange(true, std::memory_order_acq_rel)) {
    return;
  }
  {
    const std::lock_guard held(mutex_);
    waiting_.push_back(call);
  }
  wakeup_->wake();
}

bool DeferredCalls::run() {
  std::vector<std::shared_ptr<Call>> calls;
  {
    const std::lock_guard held(mutex_);
    calls.swap(waiting_);
  }
  bool has_run = false;
  for (const auto& call : calls) {
    // Cleared before the call, so that what asks from now on is not taken as served.
    if (call->is_scheduled.exchange(false, std::memory_order_acq_rel)) {
      has_run = call->call.call() || has_run;
    }
  }
  return has_run;
}

DeferredCall::DeferredCall(DeferredCalls& calls, std::function<void()> function) : calls_(&calls) {
  if (!function) {
    throw base::BadArgument("DeferredCall: function is empty; it has to be something that can be called");
  }
  call_ = std::make_shared<DeferredCalls::Call>(std::move(function));
}

}  // namespace fermata::loop
