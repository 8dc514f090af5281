// SPDX-License-Identifier: MIT
#include <uv.h>

#include "bench/timers/contender.hpp"

namespace fermata::bench {
namespace {

class Libuv final : public TimerContender {
 public:
  Libuv() { uv_loop_init(&loop_); }
  ~Libuv() override {
    for (Entry& entry : entries_) {
      uv_close(reinterpret_cast<uv_handle_t*>(&entry.timer), nullptr);
    }
    uv_run(&loop_, UV_RUN_NOWAIT);
    uv_loop_close(&loop_);
  }
  Libuv(const Libuv&) = delete;
  Libuv& operator=(const Libuv&) = delete;

  [[nodiscard]] std::string name() const override { return "libuv"; }

  void make(std::uint32_t count) override {
    entries_ = std::vector<Entry>(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      entries_[i].itself = this;
      uv_timer_init(&loop_, &entries_[i].timer);
      entries_[i].timer.data = &entries_[i];
    }
  }
  void arm(std::span<const Arm> arms) override {
    const auto now_ms = static_cast<std::int64_t>(uv_now(&loop_));
    for (const Arm& arm : arms) {
      uv_timer_start(&entries_[arm.timer].timer, &Libuv::note, static_cast<std::uint64_t>(arm.at_ms - now_ms), 0);
    }
  }
  void rearm(std::span<const Arm> arms) override { arm(arms); }
  void cancel(std::span<const std::uint32_t> timers) override {
    for (const std::uint32_t timer : timers) {
      uv_timer_stop(&entries_[timer].timer);
    }
  }
  void expire() override {
    uv_update_time(&loop_);
    uv_run(&loop_, UV_RUN_NOWAIT);
  }

 private:
  struct Entry {
    Libuv* itself = nullptr;
    uv_timer_t timer{};
  };
  static void note(uv_timer_t* timer) {
    const auto* entry = static_cast<const Entry*>(timer->data);
    entry->itself->expired.push_back(static_cast<std::uint32_t>(entry - entry->itself->entries_.data()));
  }

  uv_loop_t loop_{};
  std::vector<Entry> entries_;
};

}  // namespace

std::unique_ptr<TimerContender> make_libuv() { return std::make_unique<Libuv>(); }

}  // namespace fermata::bench
