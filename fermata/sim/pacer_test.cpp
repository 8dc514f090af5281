// SPDX-License-Identifier: MIT
#include "fermata/sim/pacer.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;

constexpr time::Instant at_ms(std::int64_t ms) { return time::Instant::origin() + time::Duration::milliseconds(ms); }

// The host's, and what the test adds.
class MovedClock final : public host::HostClock {
 public:
  [[nodiscard]] host::HostInstant now() const override { return host::HostClock::monotonic().now() + moved; }
  host::HostDuration moved{};
};

TEST(Pacer, IsNeverEarly) {
  const host::HostClock& clock = host::HostClock::monotonic();
  for (const double speed : {0.5, 1.0, 2.0}) {
    Pacer pacer(speed);
    pacer.wait(at_ms(0));
    const host::HostInstant start = clock.now();
    for (int ms = 1; ms <= 6; ++ms) {
      pacer.wait(at_ms(ms));
    }
    // The pace began a moment before `start`.
    EXPECT_GE(clock.now() - start + 1ms, host::HostDuration(static_cast<std::int64_t>(6e6 / speed)));
  }
}

TEST(Pacer, TheTimeBeforeTheFirstWaitIsNotItsAffair) {
  MovedClock clock;
  Pacer pacer(1.0, clock);
  clock.moved += 1h;
  pacer.wait(at_ms(3'600'000));
  EXPECT_EQ(pacer.greatest_lag(), 0ns);
}

TEST(Pacer, CatchesUpWithASmallLag) {
  MovedClock clock;
  Pacer pacer(1.0, clock);
  pacer.wait(at_ms(0));
  clock.moved += 500ms;
  pacer.wait(at_ms(100));  // at once: 400 ms behind
  EXPECT_GE(pacer.greatest_lag(), 400ms);
  const host::HostInstant before = clock.now();
  pacer.wait(at_ms(200));
  EXPECT_LT(clock.now() - before, 10s);
}

TEST(Pacer, DoesNotRushAfterALongPause) {
  MovedClock clock;
  Pacer pacer(1.0, clock);
  pacer.wait(at_ms(0));
  clock.moved += 1h;
  pacer.wait(at_ms(10));  // the pace starts anew
  const host::HostInstant before = clock.now();
  pacer.wait(at_ms(20));
  EXPECT_GE(clock.now() - before + 1ms, 10ms);
}

TEST(Pacer, GivesUpWhenToldTo) {
  Pacer pacer(1e-6);
  pacer.wait(at_ms(0));
  int asked = 0;
  pacer.wait(at_ms(1'000'000), [&asked] { return ++asked == 2; });
  EXPECT_EQ(asked, 2);
}

TEST(Pacer, RefusesWhatIsNoSpeed) {
  for (const double speed : {0.0, -1.0, 1e7}) {
    EXPECT_THROW(Pacer pacer(speed), base::BadArgument);
  }
  for (const char* text : {"", "0", "-1", "fast", "1x", "nan", "inf", "1e9"}) {
    EXPECT_THROW(static_cast<void>(parse_speed(text)), base::BadArgument) << text;
  }
  EXPECT_EQ(parse_speed("max"), std::nullopt);
  EXPECT_EQ(parse_speed("0.1"), 0.1);
}

}  // namespace
}  // namespace fermata::sim
