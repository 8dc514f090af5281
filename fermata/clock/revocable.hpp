// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace fermata::clock {

/// A call that its owner can take back while another thread may be about to make it. Share it with those who call: the
/// callable lives as long as anybody holds it. Any thread.
template <typename... Arguments>
class Revocable {
 public:
  using Function = std::function<void(Arguments...)>;

  explicit Revocable(Function function) : function_(std::move(function)) {}

  /// Calls it, unless it was revoked; one thread at a time. False if it was.
  bool call(Arguments... arguments) {
    const std::lock_guard held(mutex_);
    if (is_revoked_) {
      return false;
    }
    function_(arguments...);
    return true;
  }
  /// It is not called any more, nor running in another thread, when this returns. From within itself too.
  void revoke() {
    const std::lock_guard held(mutex_);
    is_revoked_ = true;
  }

 private:
  std::recursive_mutex mutex_;  // so that the function can revoke itself while others wait for its end
  Function function_;
  bool is_revoked_ = false;
};

}  // namespace fermata::clock
