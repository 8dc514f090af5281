// SPDX-License-Identifier: MIT
// What QEMU does, written anew for the comparison: timers in a singly linked list sorted by expiry, a mutex around it,
// released for each callback.
#include <algorithm>
#include <atomic>
#include <mutex>

#include "bench/timers/contender.hpp"
#include "bench/timers/set_host_time.hpp"

namespace fermata::bench {
namespace {

struct ListedTimer {
  std::int64_t expiry_ns = -1;
  ListedTimer* next = nullptr;
  void (*callback)(void*) = nullptr;
  void* opaque = nullptr;
};

class SortedTimers {
 public:
  void arm(ListedTimer& timer, std::int64_t at_ns) {
    bool is_first = false;
    {
      const std::lock_guard held(mutex_);
      unlink(timer);
      is_first = link(timer, at_ns);
    }
    if (is_first) {
      ++notified_;
    }
  }
  void cancel(ListedTimer& timer) {
    const std::lock_guard held(mutex_);
    unlink(timer);
  }
  void run_due(std::int64_t now_ns) {
    std::unique_lock held(mutex_);
    while (first_ != nullptr && first_.load()->expiry_ns <= now_ns) {
      ListedTimer& timer = *first_.load();
      first_.store(timer.next);
      timer.next = nullptr;
      timer.expiry_ns = -1;
      void (*const callback)(void*) = timer.callback;
      void* const opaque = timer.opaque;
      held.unlock();
      callback(opaque);
      held.lock();
    }
  }

 private:
  void unlink(ListedTimer& timer) {
    if (timer.expiry_ns < 0) {
      return;
    }
    timer.expiry_ns = -1;
    if (first_ == &timer) {
      first_.store(timer.next);
      return;
    }
    ListedTimer* before = first_;
    while (before->next != &timer) {
      before = before->next;
    }
    before->next = timer.next;
  }
  bool link(ListedTimer& timer, std::int64_t at_ns) {
    timer.expiry_ns = at_ns;
    ListedTimer* before = nullptr;
    ListedTimer* after = first_;
    while (after != nullptr && after->expiry_ns <= at_ns) {
      before = after;
      after = after->next;
    }
    timer.next = after;
    if (before == nullptr) {
      first_.store(&timer);
      return true;
    }
    before->next = &timer;
    return false;
  }

  std::mutex mutex_;
  std::atomic<ListedTimer*> first_{nullptr};
  std::uint64_t notified_ = 0;
};

class SortedList final : public TimerContender {
 public:
  [[nodiscard]] std::string name() const override { return "sorted list"; }
  [[nodiscard]] std::size_t max_batch(std::size_t pending) const override { return 10'000'000 / pending; }

  void make(std::uint32_t count) override {
    notes_.resize(count);
    timers_ = std::vector<ListedTimer>(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      notes_[i] = {this, i};
      timers_[i].opaque = &notes_[i];
      timers_[i].callback = [](void* opaque) {
        const auto* note = static_cast<const Note*>(opaque);
        note->itself->expired.push_back(note->number);
      };
    }
  }
  // The latest first: each goes to the front, or a million would take days.
  void fill(std::span<const Arm> arms) override {
    std::vector<Arm> sorted(arms.begin(), arms.end());
    std::sort(sorted.begin(), sorted.end(), [](const Arm& a, const Arm& b) { return a.at_ms > b.at_ms; });
    arm(sorted);
  }
  void arm(std::span<const Arm> arms) override {
    for (const Arm& arm : arms) {
      list_.arm(timers_[arm.timer], arm.at_ms * 1'000'000);
    }
  }
  void rearm(std::span<const Arm> arms) override { arm(arms); }
  void cancel(std::span<const std::uint32_t> timers) override {
    for (const std::uint32_t timer : timers) {
      list_.cancel(timers_[timer]);
    }
  }
  void expire() override { list_.run_due(host_time_ms() * 1'000'000); }

 private:
  struct Note {
    SortedList* itself = nullptr;
    std::uint32_t number = 0;
  };

  SortedTimers list_;
  std::vector<Note> notes_;
  std::vector<ListedTimer> timers_;
};

}  // namespace

std::unique_ptr<TimerContender> make_sorted_list() { return std::make_unique<SortedList>(); }

}  // namespace fermata::bench
