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

TEST(Summary, OfAGuestWhoseTimeIsTheHosts) {
  Summary summary = example();
  summary.run_on = RunOn{.median_us = 7, .p99_us = 21};
  summary.greatest_lag = 1500us;
  EXPECT_NE(to_text(summary).find("  ran on while held    median 7 us, 99 % 21 us\n"
                                  "  behind its pace      max 1.500 ms\n"),
            std::string::npos)
      << to_text(summary);
  const auto document = nlohmann::json::parse(to_json(summary));
  EXPECT_EQ(document.at("run_on_median_us"), 7);
  EXPECT_EQ(document.at("run_on_p99_us"), 21);
  EXPECT_EQ(document.at("greatest_lag_ns"), 1'500'000);
}

TEST(RunOn, IsReadFromTheGuestsCounts) {
  guest::Statistics statistics;
  EXPECT_FALSE(run_on(statistics).has_value());
  for (int i = 0; i < 98; ++i) {
    statistics.count_run_on(4'999);
  }
  statistics.count_run_on(20'000);
  statistics.count_run_on(3'000'000);  // beyond the last
  const auto found = run_on(statistics);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->median_us, 5U);
  EXPECT_EQ(found->p99_us, 21U);
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
