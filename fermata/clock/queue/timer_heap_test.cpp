// SPDX-License-Identifier: MIT
#include "fermata/clock/queue/timer_heap.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace fermata::clock {
namespace {

// What a heap has to agree with: an ordered set.
class Model {
 public:
  explicit Model(std::size_t count) : hooks_(count), expiry_ns_(count), is_in_(count) {}

  void push(std::size_t i, std::int64_t at_ns) {
    hooks_[i].sequence = next_++;
    heap_.reserve_one();
    heap_.push(hooks_[i], at_ns);
    note(i, at_ns);
  }
  void move(std::size_t i, std::int64_t at_ns) {
    forget(i);
    hooks_[i].sequence = next_++;
    heap_.move(hooks_[i], at_ns);
    note(i, at_ns);
  }
  void remove(std::size_t i) {
    heap_.remove(hooks_[i]);
    forget(i);
  }
  void pop() {
    const auto earliest = *order_.begin();
    ASSERT_EQ(heap_.top().expiry_ns, earliest.first.first);
    ASSERT_EQ(heap_.top().hook, &hooks_[earliest.second]);
    heap_.pop();
    forget(earliest.second);
  }
  void check() const {
    ASSERT_EQ(heap_.size(), order_.size());
    ASSERT_EQ(heap_.is_empty(), order_.empty());
    for (std::size_t i = 0; i < hooks_.size(); ++i) {
      if (is_in_[i]) {
        ASSERT_EQ(heap_.expiry_ns(hooks_[i]), expiry_ns_[i]);
      }
    }
  }
  [[nodiscard]] bool is_in(std::size_t i) const { return is_in_[i]; }
  [[nodiscard]] bool is_empty() const { return order_.empty(); }

 private:
  void note(std::size_t i, std::int64_t at_ns) {
    expiry_ns_[i] = at_ns;
    is_in_[i] = true;
    order_.insert({{at_ns, hooks_[i].sequence}, i});
  }
  void forget(std::size_t i) {
    order_.erase({{expiry_ns_[i], hooks_[i].sequence}, i});
    is_in_[i] = false;
  }

  TimerHeap heap_;
  std::vector<TimerHook> hooks_;
  std::vector<std::int64_t> expiry_ns_;
  std::vector<bool> is_in_;
  std::set<std::pair<std::pair<std::int64_t, std::uint64_t>, std::size_t>> order_;
  std::uint64_t next_ = 0;
};

TEST(TimerHeap, AgreesWithAnOrderedSetThroughRandomOperations) {
  for (const std::int64_t span : {3, 1'000, 1'000'000'000}) {  // many equal expiries, some, hardly any
    for (const std::size_t count : {1U, 2U, 5U, 21U, 300U}) {
      std::mt19937_64 random(count);
      Model model(count);
      for (int operation = 0; operation < 4'000; ++operation) {
        const std::size_t i = random() % count;
        const auto at_ns = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(span));
        if (!model.is_in(i)) {
          model.push(i, at_ns);
        } else if (random() % 3 == 0) {
          model.remove(i);
        } else if (random() % 4 == 0) {
          model.pop();
        } else {
          model.move(i, at_ns);
        }
        if (operation % 100 == 0) {
          model.check();
        }
        ASSERT_FALSE(HasFatalFailure());
      }
      while (!model.is_empty()) {
        model.pop();
        ASSERT_FALSE(HasFatalFailure());
      }
    }
  }
}

TEST(TimerHeap, TakesExpiriesOverTheWholeRange) {
  TimerHeap heap;
  std::vector<TimerHook> hooks(3);
  heap.reserve(3);
  heap.push(hooks[0], std::numeric_limits<std::int64_t>::max());
  heap.push(hooks[1], std::numeric_limits<std::int64_t>::min());
  heap.push(hooks[2], 0);
  EXPECT_EQ(heap.top().hook, &hooks[1]);
  heap.pop();
  EXPECT_EQ(heap.top().hook, &hooks[2]);
  heap.pop();
  EXPECT_EQ(heap.top().hook, &hooks[0]);
}

TEST(TimerHeap, IsSmallWhileEmpty) { EXPECT_LE(sizeof(TimerHeap), 16U); }

}  // namespace
}  // namespace fermata::clock
