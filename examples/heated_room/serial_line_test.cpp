// SPDX-License-Identifier: MIT
#include "serial_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace heated_room {
namespace {

using fermata::sim::testing::FakeGuest;
using fermata::sim::testing::go_to_horizon;
using fermata::sim::testing::stop_at;
using fermata::wire::link::GuestSession;
using fermata::wire::link::testing::at_ns;
using fermata::wire::link::testing::bytes_of;

constexpr auto limit = std::chrono::seconds(30);

void ignore_lines(Instant /*at*/, const std::string& /*line*/) {}

TEST(SerialLine, EachByteArrivesWithItsLastBit) {
  FakeGuest fake(go_to_horizon);
  SerialLine line(fake.guest->serial("console"), ignore_lines);
  EXPECT_EQ(line.send(at_ns(1'000'000'000), "T 20437"), at_ns(1'000'694'445));
  EXPECT_EQ(fake.guest->run_until(at_ns(1), limit).now, at_ns(1));
  std::string text;
  std::vector<std::int64_t> instants;
  for (const auto& input : fake.port.inputs) {
    text += input.payload;
    instants.push_back(input.at_ns - 1'000'000'000);
  }
  EXPECT_EQ(text, "T 20437\n");
  EXPECT_EQ(instants,
            (std::vector<std::int64_t>{86'806, 173'612, 260'417, 347'223, 434'028, 520'834, 607'639, 694'445}))
      << "k / 11520 s, rounded up, from the beginning of the line";
}

TEST(SerialLine, RefusesThePast) {
  FakeGuest fake(go_to_horizon);
  SerialLine line(fake.guest->serial("console"), ignore_lines);
  EXPECT_EQ(fake.guest->run_until(at_ns(1'000'000), limit).now, at_ns(1'000'000));
  EXPECT_THROW(line.send(at_ns(900'000), "Q"), fermata::base::BadArgument);
}

TEST(SerialLine, PutsLinesTogetherHoweverTheyArrive) {
  struct Piece {
    std::int64_t at_ns;
    std::string text;
  };
  const std::vector<Piece> pieces{{100, "R"}, {110, "\nH 1"}, {120, " U"}, {130, " 1.05\n\nH"}, {140, "\n"}};
  FakeGuest fake([&pieces](GuestSession& session, Instant horizon) {
    for (const Piece& piece : pieces) {
      session.output(1, at_ns(piece.at_ns), bytes_of(piece.text));
    }
    stop_at(session, horizon);
  });
  std::vector<std::string> lines;
  SerialLine line(fake.guest->serial("console"), [&lines](Instant at, const std::string& text) {
    lines.push_back(std::to_string(at.since_origin().ns()) + " " + text);
  });
  EXPECT_EQ(fake.guest->run_until(at_ns(1'000), limit).now, at_ns(1'000));
  EXPECT_THAT(lines, testing::ElementsAre("110 R", "130 H 1 U 1.05", "130 ", "140 H"));
}

}  // namespace
}  // namespace heated_room
