// SPDX-License-Identifier: MIT
#include "ethernet_link.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "fermata/base/error.hpp"

namespace ping {
namespace {

using End = EthernetLink::End;

struct Arrival {
  Instant at;
  std::vector<std::byte> frame;
  friend bool operator==(const Arrival&, const Arrival&) = default;
};

// A link and what came out of it.
struct Bench {
  explicit Bench(const EthernetLink::Settings& settings) : link(settings) {
    link.connect(End::first, taker(at_first));
    link.connect(End::second, taker(at_second));
  }
  static EthernetLink::Deliver taker(std::vector<Arrival>& into) {
    return [&into](Instant at, std::span<const std::byte> frame) {
      into.push_back({.at = at, .frame = {frame.begin(), frame.end()}});
    };
  }
  void send(End from, Instant at, std::uint8_t number) {
    const std::vector<std::byte> frame(60, std::byte{number});
    link.send(from, at, frame);
  }

  EthernetLink link;
  std::vector<Arrival> at_first;
  std::vector<Arrival> at_second;
};

Instant at(Duration span) { return Instant::at(span); }
Arrival arrival(Duration span, std::uint8_t number) {
  return {.at = at(span), .frame = std::vector<std::byte>(60, std::byte{number})};
}

TEST(EthernetLink, AFrameComesOutOfTheOtherEndAfterTheLatency) {
  Bench bench({.latency = 500_us});
  bench.send(End::first, at(3_ns), 1);
  bench.send(End::second, at(1_ms), 2);
  bench.send(End::first, at(1_ms), 3);
  EXPECT_THAT(bench.at_second, testing::ElementsAre(arrival(500'003_ns, 1), arrival(1'500_us, 3)));
  EXPECT_THAT(bench.at_first, testing::ElementsAre(arrival(1'500_us, 2)));
  EXPECT_EQ(bench.link.sent_by(End::first), (EthernetLink::Count{.carried = 2, .lost = 0}));
  EXPECT_EQ(bench.link.sent_by(End::second), (EthernetLink::Count{.carried = 1, .lost = 0}));
}

TEST(EthernetLink, LosesAboutAsManyAsItIsToldAndCountsThem) {
  Bench bench({.latency = 1_us, .loss_ppm = 250'000});
  constexpr unsigned frames = 10'000;
  for (unsigned i = 0; i < frames; ++i) {
    bench.send(End::second, at(1_us * i), 0);
  }
  const EthernetLink::Count& count = bench.link.sent_by(End::second);
  EXPECT_EQ(count.carried, bench.at_first.size());
  EXPECT_EQ(count.carried + count.lost, frames);
  EXPECT_NEAR(static_cast<double>(count.lost), 2'500, 200);  // more than four standard deviations
  EXPECT_EQ(bench.link.sent_by(End::first), EthernetLink::Count{});
}

// What came out of either end, when each has sent a hundred frames.
std::vector<Arrival> survivors(std::uint64_t seed, bool is_first_served_first) {
  Bench bench({.latency = 1_us, .loss_ppm = 500'000, .seed = seed});
  for (std::uint8_t i = 0; i < 100; ++i) {
    bench.send(is_first_served_first ? End::first : End::second, at(1_ms * i), i);
    bench.send(is_first_served_first ? End::second : End::first, at(1_ms * i), i);
  }
  std::vector<Arrival> both = bench.at_first;
  both.insert(both.end(), bench.at_second.begin(), bench.at_second.end());
  EXPECT_NE(bench.at_first, bench.at_second) << "the directions have luck of their own";
  return both;
}

TEST(EthernetLink, ASeedGivesTheSameLossesWhoeverIsServedFirst) {
  EXPECT_EQ(survivors(7, true), survivors(7, false));
  EXPECT_NE(survivors(7, true), survivors(8, true));
}

TEST(EthernetLink, NoLossAndNothingButLoss) {
  for (const std::uint32_t loss_ppm : {0U, 1'000'000U}) {
    Bench bench({.latency = 1_us, .loss_ppm = loss_ppm});
    for (unsigned i = 0; i < 1'000; ++i) {
      bench.send(End::first, at(1_us * i), 0);
    }
    EXPECT_EQ(bench.link.sent_by(End::first).lost, loss_ppm == 0 ? 0U : 1'000U);
  }
}

TEST(EthernetLink, RefusesWhatCannotBe) {
  EXPECT_THROW(EthernetLink({.latency = 0_us}), fermata::base::BadArgument);
  EXPECT_THROW(EthernetLink({.latency = 1_us, .loss_ppm = 1'000'001}), fermata::base::BadArgument);
}

}  // namespace
}  // namespace ping
