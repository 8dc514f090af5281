// SPDX-License-Identifier: MIT
#include <deque>

#include "bench/timers/contender.hpp"
#include "fermata/clock/timer.hpp"
#include "fermata/loop/event_loop.hpp"

namespace fermata::bench {
namespace {

class Fermata final : public TimerContender {
 public:
  explicit Fermata(bool has_loop) : has_loop_(has_loop) {}

  [[nodiscard]] std::string name() const override { return has_loop_ ? "Fermata, loop" : "Fermata, list"; }

  void make(std::uint32_t count) override {
    for (std::uint32_t i = 0; i < count; ++i) {
      timers_.emplace_back(list_, [this, i] { expired.push_back(i); });
    }
  }
  void arm(std::span<const Arm> arms) override {
    for (const Arm& arm : arms) {
      timers_[arm.timer].arm(time::Instant::at(time::Duration::nanoseconds(arm.at_ms * 1'000'000)));
    }
  }
  void rearm(std::span<const Arm> arms) override { arm(arms); }
  void cancel(std::span<const std::uint32_t> timers) override {
    for (const std::uint32_t timer : timers) {
      timers_[timer].cancel();
    }
  }
  void expire() override {
    if (has_loop_) {
      loop_.turn(loop::EventLoop::Wait::no);
    } else {
      list_.run_due();
    }
  }

 private:
  bool has_loop_;
  clock::Clocks clocks_{clock::Clocks::HostSources{}};
  loop::EventLoop loop_{clocks_};
  clock::TimerList& list_ = loop_.timers().list(clock::ClockKind::realtime);
  std::deque<clock::Timer> timers_;
};

}  // namespace

std::unique_ptr<TimerContender> make_fermata_loop() { return std::make_unique<Fermata>(true); }
std::unique_ptr<TimerContender> make_fermata_list() { return std::make_unique<Fermata>(false); }

}  // namespace fermata::bench
