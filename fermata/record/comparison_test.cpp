// SPDX-License-Identifier: MIT
#include "fermata/record/comparison.hpp"

#include <gtest/gtest.h>

namespace fermata::record {
namespace {

using namespace time::literals;
using Side = Comparison::Side;

GuestEvent output(time::Duration at, const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {.at = time::Instant::at(at),
          .kind = GuestEvent::Kind::output,
          .channel = 1,
          .channel_kind = wire::link::ChannelKind::serial,
          .text = "serial0",
          .payload = {bytes.begin(), bytes.end()}};
}

Comparison compared(const std::vector<GuestEvent>& first, const std::vector<GuestEvent>& second) {
  Comparison comparison(2);
  for (const GuestEvent& event : first) {
    comparison.add(Side::first, line_of(event));
  }
  for (const GuestEvent& event : second) {
    comparison.add(Side::second, line_of(event));
  }
  comparison.finish();
  return comparison;
}

TEST(Comparison, EqualTracesHaveNoDifference) {
  const std::vector<GuestEvent> events = {output(1_ns, "a"), output(2_ns, "b"), output(3_ns, std::string(100, 'x'))};
  const Comparison comparison = compared(events, events);
  EXPECT_EQ(comparison.difference(), std::nullopt);
  EXPECT_EQ(comparison.equal(), 3U);
  EXPECT_EQ(compared({}, {}).difference(), std::nullopt);
}

TEST(Comparison, ShowsTheFirstDifferenceAndWhatWasBefore) {
  const auto comparison = compared({output(1_us, "a"), output(2_us, "b"), output(3_us, "c"), output(5_us, "d")},
                                   {output(1_us, "a"), output(2_us, "b"), output(3_us, "c"), output(4_us, "e")});
  ASSERT_TRUE(comparison.difference());
  EXPECT_EQ(to_text(*comparison.difference(), "one", "two"),
            "the first difference is at 0.000004000 s, on serial0\n--- one\n+++ two\n"
            "  0.000002000 output serial0 b\n  0.000003000 output serial0 c\n"
            "- 0.000005000 output serial0 d\n+ 0.000004000 output serial0 e\n");
}

TEST(Comparison, OneThatGoesOnDiffers) {
  const auto comparison = compared({output(1_us, "a")}, {output(1_us, "a"), output(2_us, "b")});
  ASSERT_TRUE(comparison.difference());
  EXPECT_EQ(comparison.difference()->first, std::nullopt);
  EXPECT_EQ(comparison.difference()->second, "0.000002000 output serial0 b");
  EXPECT_NE(to_text(*comparison.difference(), "one", "two").find("- (it ends here)"), std::string::npos);
}

TEST(Comparison, LongPayloadsAreComparedToTheirEnd) {
  std::string text(100, 'x');
  const GuestEvent one = output(1_us, text);
  text[90] = 'y';
  const auto comparison = compared({one}, {output(1_us, text)});
  ASSERT_TRUE(comparison.difference());
  EXPECT_EQ(comparison.difference()->note, "they differ from byte 90 of what they carry");
  EXPECT_TRUE(compared({one}, {output(1_us, std::string(101, 'x'))}).difference());
}

TEST(Comparison, IsDoneAsTheLinesCome) {
  Comparison comparison(1);
  comparison.add(Side::first, line_of(output(1_us, "a")));
  comparison.add(Side::first, line_of(output(2_us, "b")));
  EXPECT_EQ(comparison.waiting(Side::first), 2U);
  comparison.add(Side::second, line_of(output(1_us, "a")));
  EXPECT_EQ(comparison.first_waiting(Side::first), time::Instant::at(2_us));
  EXPECT_EQ(comparison.first_waiting(Side::second), std::nullopt);
  comparison.add(Side::second, line_of(output(2_us, "c")));
  EXPECT_TRUE(comparison.difference());
}

}  // namespace
}  // namespace fermata::record
