// SPDX-License-Identifier: MIT
#include "fermata/wire/link/milestones.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::wire::link {
namespace {

using testing::at_ns;
using namespace time::literals;

TEST(Milestones, ThereAreNoneUnlessAskedFor) {
  EXPECT_FALSE(Milestones().are_any());
  EXPECT_EQ(Milestones().next_after(at_ns(5)), std::nullopt);
  EXPECT_EQ(Milestones(at_ns(10), 0_ns).next_after(at_ns(5)), std::nullopt);
}

TEST(Milestones, TheNextOneIsAlwaysLater) {
  const Milestones milestones(at_ns(100), 30_ns);
  EXPECT_EQ(milestones.next_after(at_ns(0)), at_ns(100));
  EXPECT_EQ(milestones.next_after(at_ns(99)), at_ns(100));
  EXPECT_EQ(milestones.next_after(at_ns(100)), at_ns(130));
  EXPECT_EQ(milestones.next_after(at_ns(129)), at_ns(130));
  EXPECT_EQ(milestones.next_after(at_ns(1'000)), at_ns(1'030));
}

TEST(Milestones, EndWithTime) {
  const time::Instant end = time::Instant::max();
  const Milestones milestones(at_ns(0), 1_s);
  const auto last = milestones.next_after(end - 1_s);
  ASSERT_TRUE(last.has_value());
  EXPECT_GT(*last, end - 1_s);
  EXPECT_EQ(milestones.next_after(*last), std::nullopt);
  EXPECT_EQ(milestones.next_after(end), std::nullopt);
}

TEST(Milestones, AreNotApartByLessThanNothing) { EXPECT_THROW(Milestones(at_ns(0), -1_ns), base::BadArgument); }

}  // namespace
}  // namespace fermata::wire::link
