// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/rcu_kicks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace fermata::qemu {
namespace {

constexpr std::size_t head = 4;  // where QEMU 7.2 to 11.1 have the list, in pointers

// A thread's RCU data, and a notifier as QEMU has it.
std::array<void*, 16> reader{};
int removed = 0;

struct NotifierLike {
  void* notify = &removed;
  void* next = nullptr;
  void* previous = &reader[head];
};

class RcuKicksTest : public ::testing::Test {
 protected:
  RcuKicksTest() {
    reader = {};
    removed = 0;
    qemu_.get_ptr_rcu_reader = []() -> void* { return reader.data(); };
    qemu_.rcu_remove_force_rcu_notifier = [](void* notifier) {
      ++removed;
      *static_cast<void**>(static_cast<NotifierLike*>(notifier)->previous) = nullptr;
    };
  }

  Symbols qemu_;
};

TEST_F(RcuKicksTest, TheNotifierOnThisStackIsRemoved) {
  NotifierLike notifier;
  reader[head] = &notifier;
  EXPECT_TRUE(stop_rcu_kicks(qemu_));
  EXPECT_EQ(removed, 1);
}

TEST_F(RcuKicksTest, NothingElseIsTouched) {
  EXPECT_FALSE(stop_rcu_kicks(qemu_)) << "there is none";
  static NotifierLike elsewhere;
  reader[head] = &elsewhere;
  EXPECT_FALSE(stop_rcu_kicks(qemu_)) << "not on this stack";
  NotifierLike stranger{.previous = &reader[head + 1]};
  reader[head] = &stranger;
  EXPECT_FALSE(stop_rcu_kicks(qemu_)) << "does not point back";
  NotifierLike follower;
  NotifierLike first{.next = &follower};
  reader[head] = &first;
  EXPECT_FALSE(stop_rcu_kicks(qemu_)) << "not the only one";
  EXPECT_EQ(removed, 0);
  EXPECT_FALSE(stop_rcu_kicks(Symbols{})) << "not exported";
}

}  // namespace
}  // namespace fermata::qemu
