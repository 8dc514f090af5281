// SPDX-License-Identifier: MIT
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "bench/timers/contender.hpp"

namespace fermata::bench {
namespace {

class Asio final : public TimerContender {
 public:
  [[nodiscard]] std::string name() const override { return "Boost.Asio"; }

  void make(std::uint32_t count) override {
    timers_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      timers_.emplace_back(context_);
    }
  }
  void arm(std::span<const Arm> arms) override {
    for (const Arm& arm : arms) {
      boost::asio::steady_timer& timer = timers_[arm.timer];
      timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::milliseconds(arm.at_ms)));
      timer.async_wait([this, number = arm.timer](const boost::system::error_code& error) {
        if (!error) {
          expired.push_back(number);
        }
      });
    }
  }
  // What was waited for before is called back as cancelled: that is part of the price.
  void rearm(std::span<const Arm> arms) override {
    arm(arms);
    poll();
  }
  void cancel(std::span<const std::uint32_t> timers) override {
    for (const std::uint32_t timer : timers) {
      timers_[timer].cancel();
    }
    poll();
  }
  void expire() override { poll(); }

 private:
  void poll() {
    context_.restart();
    context_.poll();
  }

  boost::asio::io_context context_{1};  // one thread: the setting that suits it best
  std::vector<boost::asio::steady_timer> timers_;
};

}  // namespace

std::unique_ptr<TimerContender> make_asio() { return std::make_unique<Asio>(); }

}  // namespace fermata::bench
