// SPDX-License-Identifier: MIT
#include <event2/event.h>
#include <event2/event_struct.h>

#include <algorithm>

#include "bench/timers/contender.hpp"
#include "bench/timers/set_host_time.hpp"

namespace fermata::bench {
namespace {

class Libevent final : public TimerContender {
 public:
  Libevent() : base_(event_base_new()) {}
  ~Libevent() override {
    for (Entry& entry : entries_) {
      event_del(&entry.timer);
    }
    event_base_free(base_);
  }
  Libevent(const Libevent&) = delete;
  Libevent& operator=(const Libevent&) = delete;

  [[nodiscard]] std::string name() const override { return "libevent"; }

  void make(std::uint32_t count) override {
    entries_ = std::vector<Entry>(count);
    for (Entry& entry : entries_) {
      entry.itself = this;
      event_assign(&entry.timer, base_, -1, 0, &Libevent::note, &entry);
    }
  }
  void arm(std::span<const Arm> arms) override {
    const std::int64_t now_ms = host_time_ms();
    for (const Arm& arm : arms) {
      const std::int64_t in_ms = std::max<std::int64_t>(arm.at_ms - now_ms, 0);
      const timeval wait{.tv_sec = in_ms / 1'000, .tv_usec = in_ms % 1'000 * 1'000};
      event_add(&entries_[arm.timer].timer, &wait);
    }
  }
  void rearm(std::span<const Arm> arms) override { arm(arms); }
  void cancel(std::span<const std::uint32_t> timers) override {
    for (const std::uint32_t timer : timers) {
      event_del(&entries_[timer].timer);
    }
  }
  void expire() override { event_base_loop(base_, EVLOOP_NONBLOCK); }

 private:
  struct Entry {
    Libevent* itself = nullptr;
    ::event timer{};
  };
  static void note(evutil_socket_t, short, void* opaque) {
    const auto* entry = static_cast<const Entry*>(opaque);
    entry->itself->expired.push_back(static_cast<std::uint32_t>(entry - entry->itself->entries_.data()));
  }

  event_base* base_;
  std::vector<Entry> entries_;
};

}  // namespace

std::unique_ptr<TimerContender> make_libevent() { return std::make_unique<Libevent>(); }

}  // namespace fermata::bench
