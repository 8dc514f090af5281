// SPDX-License-Identifier: MIT
#include "fermata/guest/kept_clocks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "fermata/base/error.hpp"

namespace fermata::guest {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using time::Instant;

class KeptClocksTest : public ::testing::Test {
 protected:
  static transport::SharedClocks adopt(const transport::SharedClocks& clocks) {
    return transport::SharedClocks::adopt(::fcntl(clocks.descriptor(), F_DUPFD_CLOEXEC, 0));
  }

  transport::SharedClocks others_ = transport::SharedClocks::make(3);
  KeptClocks clocks_{adopt(others_), 1};
  std::array<wire::Followed, 2> followed_{{{.clock = 0, .distance = 500_ns}, {.clock = 2, .distance = 700_ns}}};
};

TEST_F(KeptClocksTest, LetTheGuestGoAsFarAsTheOneThatIsBehind) {
  EXPECT_EQ(clocks_.limit({}), Instant::max());
  EXPECT_EQ(clocks_.limit(followed_), Instant::at(500_ns));
  others_.tell(0, 300);
  EXPECT_EQ(clocks_.limit(followed_), Instant::at(700_ns));
  others_.tell(2, transport::SharedClocks::ended);
  EXPECT_EQ(clocks_.limit(followed_), Instant::at(800_ns));
  others_.tell(0, transport::SharedClocks::ended);
  EXPECT_EQ(clocks_.limit(followed_), Instant::max());
  others_.tell(0, -5);
  EXPECT_EQ(clocks_.limit(followed_), Instant::at(500_ns)) << "there is nothing before 0";
}

TEST_F(KeptClocksTest, ShowItsOwnToOthers) {
  clocks_.tell(Instant::at(70_ns));
  EXPECT_EQ(others_.read(1), 70);
  clocks_.ring_bell();
  EXPECT_EQ(others_.bell(), 1U);
  others_.await(1, 70);
  clocks_.tell(Instant::at(70_ns));
  EXPECT_EQ(others_.bell(), 1U) << "it shows that already";
  clocks_.tell_end();
  EXPECT_EQ(others_.read(1), transport::SharedClocks::ended);
}

TEST_F(KeptClocksTest, AreWaitedForNoLongerThanNeeded) {
  others_.tell(0, 10);
  others_.tell(2, 10);
  clocks_.wait_beyond(Instant::at(509_ns), followed_, 1h);
  clocks_.wait_beyond(Instant::at(510_ns), followed_, 1ms);
  std::jthread other([this] { others_.tell(0, 11); });
  while (clocks_.limit(followed_) <= Instant::at(510_ns)) {
    clocks_.wait_beyond(Instant::at(510_ns), followed_, 1h);
  }
}

TEST_F(KeptClocksTest, ThereIsNoneOfANumberThatIsTooGreat) {
  EXPECT_THROW(KeptClocks(adopt(others_), 3), base::BadArgument);
}

}  // namespace
}  // namespace fermata::guest
