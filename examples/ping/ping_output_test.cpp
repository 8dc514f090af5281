// SPDX-License-Identifier: MIT
#include "ping_output.hpp"

#include <gmock/gmock.h>

namespace ping {
namespace {

using namespace fermata::time::literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(PingOutput, RoundTripsAndTotals) {
  const PingOutput output = parse_ping_output(
      "[    2.5] a kernel's message\n"
      "PING 10.0.0.2 (10.0.0.2): 56 data bytes\n"
      "64 bytes from 10.0.0.2: seq=0 ttl=64 time=1.034 ms\n"
      "64 bytes from 10.0.0.2: seq=12 ttl=64 time=1200.007 ms\n"
      "\n"
      "--- 10.0.0.2 ping statistics ---\n"
      "3 packets transmitted, 2 packets received, 33% packet loss\n"
      "round-trip min/avg/max = 1.034/600.520/1200.007 ms\n");
  EXPECT_THAT(output.round_trips, ElementsAre(Pair(0U, 1'034_us), Pair(12U, 1'200'007_us)));
  EXPECT_EQ(output.totals, (PingOutput::Totals{.transmitted = 3, .received = 2}));
  EXPECT_EQ(output.duplicates, 0U);
}

TEST(PingOutput, ADuplicateIsCountedAndChangesNothing) {
  const PingOutput output = parse_ping_output(
      "64 bytes from 10.0.0.2: seq=3 ttl=64 time=1.034 ms\n"
      "64 bytes from 10.0.0.2: seq=3 ttl=64 time=2.034 ms (DUP!)\n");
  EXPECT_THAT(output.round_trips, ElementsAre(Pair(3U, 1'034_us)));
  EXPECT_EQ(output.duplicates, 1U);
}

TEST(PingOutput, NothingOutOfWhatIsNotWhole) {
  const std::string_view line = "64 bytes from 10.0.0.2: seq=3 ttl=64 time=1.034 ms";
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_THAT(parse_ping_output(line.substr(0, size)).round_trips, IsEmpty()) << size;
  }
  EXPECT_EQ(parse_ping_output(line).round_trips.size(), 1U) << "the last line need not end";
  EXPECT_THAT(parse_ping_output("64 bytes from a: seq=1 ttl=64 time=1.03 ms").round_trips, IsEmpty());
  EXPECT_FALSE(parse_ping_output("20 packets transmitted, ").totals);
}

}  // namespace
}  // namespace ping
