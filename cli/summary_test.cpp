// SPDX-License-Identifier: MIT
#include "cli/summary.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fermata::cli {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;

Summary example() {
  return {.ending = Ending::duration_reached,
          .virtual_time = 5_s,
          .quanta = 5000,
          .overshoot_max = 8_ns,
          .overshoot_sum = 40'000_ns,
          .host = {.start_up = 100ms, .running = 2s, .simulator = 150ms, .hand_shake = 250ms},
          .has_guest_times = true};
}

TEST(Summary, ForPeople) {
  EXPECT_EQ(to_text(example()),
            "fermata: duration reached\n"
            "  virtual time         5.000000 s\n"
            "  host time            2.500000 s (virtual time ran 2 times as fast)\n"
            "  quanta               5000\n"
            "  overshoot            max 8 ns, mean 8 ns\n"
            "where the host time went\n"
            "  start-up                  0.100 s   4.0 %\n"
            "  guest running             2.000 s  80.0 %\n"
            "  waiting for grant         0.150 s   6.0 %\n"
            "  hand-shake                0.250 s  10.0 %\n");
}

TEST(Summary, ForPrograms) {
  const auto document = nlohmann::json::parse(to_json(example()));
  EXPECT_EQ(document.at("virtual_ns"), 5'000'000'000);
  EXPECT_EQ(document.at("ratio"), 2.0);
  EXPECT_EQ(document.at("host").at("guest_running_ns"), 2'000'000'000);
  EXPECT_EQ(document.at("ending"), "duration reached");
}

TEST(Summary, OfARunThatNeverRan) {
  const Summary nothing{.ending = Ending::failed, .ending_text = "\xff"};
  EXPECT_NE(to_text(nothing).find("0.000000 s"), std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(to_json(nothing)).at("ratio").is_null());
}

TEST(Summary, MicrosecondsAreExact) {
  EXPECT_EQ(to_microsecond_string(1_us), "0.000001 s");
  EXPECT_EQ(to_microsecond_string(4294967295_us), "4294.967295 s");
}

}  // namespace
}  // namespace fermata::cli
