// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "fermata/clock/revocable.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::clock {

/// Notices that the host's wall clock was set, by comparing it with monotonic time, and tells those who subscribed.
/// What time services do to bring the clock right slowly (at most 1 ms per second here) is no jump, nor is anything up
/// to 10 ms. Any thread. The host's clocks outlive it.
class HostClockJump {
 public:
  HostClockJump(const host::HostClock& monotonic, const host::WallClock& wall);

  /// Told the jump, negative for backwards, in the thread that looks.
  using Handler = std::function<void(time::Duration)>;
  /// Ends when destroyed, from the handler itself too: it will not be called any more, and is not running in another
  /// thread.
  class [[nodiscard]] Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) = default;
    Subscription& operator=(Subscription&& other) noexcept {
      std::swap(call_, other.call_);
      return *this;
    }
    ~Subscription() {
      if (call_) {
        call_->revoke();
      }
    }

   private:
    friend class HostClockJump;
    explicit Subscription(std::shared_ptr<Revocable<time::Duration>> call) : call_(std::move(call)) {}
    std::shared_ptr<Revocable<time::Duration>> call_;
  };
  Subscription subscribe(Handler handler);

  /// What the clock has jumped since the last look; nothing if it has not.
  std::optional<time::Duration> look();

 private:
  struct Reading {
    host::HostInstant monotonic;
    host::WallInstant wall;
  };
  [[nodiscard]] Reading read() const;
  [[nodiscard]] std::optional<time::Duration> compare();

  const host::HostClock* monotonic_;
  const host::WallClock* wall_;
  std::mutex mutex_;
  Reading last_;
  std::vector<std::weak_ptr<Revocable<time::Duration>>> calls_;
};

}  // namespace fermata::clock
