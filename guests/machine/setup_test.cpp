// SPDX-License-Identifier: MIT
#include "guests/machine/setup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::machine_program {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::vector<std::string>& arguments) {
  try {
    static_cast<void>(judge(parse_options(arguments)));
  } catch (const base::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Judge, AHeldClockNeedsBothOptions) {
  EXPECT_EQ(refusal({"-qqq", "sock=5", "-icount", "1,sleep=off", "-rtc", "clock=vm"}), "accepted");
  const std::string needed = "needs -rtc clock=vm and -icount N,sleep=off (N from 0 to 10, or auto)";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"-qqq", "sock=5"},
                                             {"-qqq", "sock=5", "-rtc", "clock=vm"},
                                             {"-qqq", "sock=5", "-rtc", "clock=vm", "-icount", "3"},
                                             {"-qqq", "sock=5", "-rtc", "clock=vm", "-icount", "sleep=off"},
                                             {"-qqq", "sock=5", "-rtc", "clock=vm", "-icount", "3,sleep=on"},
                                             {"-qqq", "sock=5", "-icount", "3,sleep=off"},
                                             {"-qqq", "sock=5", "-icount", "3,sleep=off", "-rtc", "base=utc"},
                                             {"-qqq", "sock=5", "-icount", "3,sleep=off", "-rtc", "clock=host"},
                                             {"-qqq", "sock=5", "-icount", "3,sleep=off", "-rtc", "clock=rt"}}) {
    EXPECT_THAT(refusal(arguments), HasSubstr(needed)) << ::testing::PrintToString(arguments);
  }
}

TEST(Judge, WithoutALinkThereAreDefaults) {
  const Ruling ruling = judge(parse_options({}));
  EXPECT_EQ(ruling.shift, 3U);
  EXPECT_TRUE(ruling.does_sleep);
  EXPECT_FALSE(ruling.is_shift_adapted);
  EXPECT_FALSE(judge(parse_options({"-icount", "0,sleep=off"})).does_sleep);
  EXPECT_TRUE(judge(parse_options({"-icount", "auto"})).is_shift_adapted);
  EXPECT_TRUE(judge(parse_options({"-icount", "1,align=on"})).is_aligned);
}

TEST(Judge, AnAdaptedShiftUnderALinkIsNoted) {
  const Ruling ruling = judge(parse_options({"-qqq", "sock=5", "-icount", "auto,sleep=off", "-rtc", "clock=vm"}));
  ASSERT_EQ(ruling.notes.size(), 1U);
  EXPECT_THAT(ruling.notes[0], HasSubstr("two runs will differ"));
}

class WallByHand final : public host::WallClock {
 public:
  [[nodiscard]] host::WallInstant now() const override { return {std::chrono::nanoseconds(1'700'000'000'000'000'000)}; }
};

machine::Config config_of(std::vector<std::string> arguments) {
  static const WallByHand wall;
  arguments.insert(arguments.end(), {"-bios", "none", "-device", "loader,addr=0x80000000,data=1,data-len=4"});
  const Options options = parse_options(arguments);
  clock::Clocks::HostSources host;
  host.wall = &wall;
  return make_config(options, judge(options), host);
}

TEST(MakeConfig, TheClockChipStartsAtItsBase) {
  const machine::Config utc = config_of({"-rtc", "clock=vm"});
  EXPECT_EQ(utc.rtc_clock, clock::ClockKind::virtual_time);
  EXPECT_EQ(utc.rtc_offset_ns, 1'700'000'000'000'000'000U);
  EXPECT_EQ(config_of({"-rtc", "base=2026-11-24T08:15:00,clock=vm"}).rtc_offset_ns, 1'795'508'100'000'000'000U);
  EXPECT_EQ(config_of({"-rtc", "base=1970-01-02,clock=vm"}).rtc_offset_ns, 86'400'000'000'000U);
  const machine::Config host = config_of({});
  EXPECT_EQ(host.rtc_clock, clock::ClockKind::host);
  EXPECT_EQ(host.rtc_offset_ns, 0U);
  EXPECT_THROW(static_cast<void>(config_of({"-rtc", "base=yesterday"})), base::Error);
}

TEST(MakeConfig, ADateIsOneThatExistsAndThatTheChipCanShow) {
  const auto complaint = [](const std::string& date) -> std::string {
    try {
      static_cast<void>(config_of({"-rtc", "base=" + date + ",clock=vm"}));
    } catch (const base::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(config_of({"-rtc", "base=1970-01-01,clock=vm"}).rtc_offset_ns, 0U);
  EXPECT_EQ(config_of({"-rtc", "base=2262-04-11T23:47:16,clock=vm"}).rtc_offset_ns, 9'223'372'036'000'000'000U);
  EXPECT_EQ(complaint("2024-02-29"), "accepted");
  for (const char* date : {"2262-04-11T23:47:17", "2262-04-12", "9999-12-31", "1969-12-31T23:59:59", "1900-01-01"}) {
    EXPECT_THAT(complaint(date), HasSubstr("from 1970-01-01 to 2262-04-11T23:47:16")) << date;
  }
  for (const char* date : {"2026-02-31", "2025-02-29", "2026-04-31T08:00:00", "2016-12-31T23:59:60"}) {
    EXPECT_EQ(complaint(date), "-rtc base=" + std::string(date) + ": there is no such date");
  }
}

TEST(MakeConfig, WhatIsMissingIsNamed) {
  const auto complaint = [](std::vector<std::string> arguments) -> std::string {
    try {
      const Options options = parse_options(arguments);
      static_cast<void>(make_config(options, judge(options), {}));
    } catch (const base::Error& error) {
      return error.what();
    } catch (const base::BadArgument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(complaint({"-bios", "none"}), HasSubstr("nothing to run"));
  EXPECT_THAT(complaint({"-bios", "/nowhere/fw.bin"}), HasSubstr("/nowhere/fw.bin cannot be read"));
  EXPECT_THAT(complaint({"-bios", "none", "-append", "quiet"}), HasSubstr("-kernel"));
  EXPECT_THAT(complaint({"-bios", "none", "-m", "4K", "-kernel", "/proc/self/exe"}), HasSubstr("64 KiB"));
  EXPECT_THAT(complaint({"-bios", "none", "-kernel", "/proc/self/exe"}), HasSubstr("for another machine"));
  EXPECT_THAT(complaint({"-bios", "none", "-device", "loader,file=/proc/self/exe,force-raw=on"}),
              HasSubstr("addr= is needed"));
  EXPECT_THAT(complaint({"-bios", "none", "-device", "loader,addr=0x80000000,data=1,data-len=4", "-drive",
                         "file=/nowhere/disk"}),
              HasSubstr("/nowhere/disk"));
}

}  // namespace
}  // namespace fermata::machine_program
