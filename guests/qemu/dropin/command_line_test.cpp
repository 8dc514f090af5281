// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/command_line.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

using Arguments = std::vector<std::string>;

Settings settings_of(const Arguments& arguments) { return read_settings(parse_options(arguments)); }

TEST(CommandLine, AnOptionTakesTheArgumentAfterItWhateverItLooksLike) {
  const auto options = parse_options({"-append", "-qqq sock=3", "-name", "-rtc", "disk.img", "--m", "128"});
  EXPECT_EQ(options, (std::vector<Option>{{"append", "-qqq sock=3", 0}, {"name", "-rtc", 2}, {"m", "128", 5}}));
}

TEST(CommandLine, FlagsTakeNothing) {
  const auto options = parse_options({"-nographic", "-S", "-s", "--preconfig", "-qqq", "sock=3"});
  ASSERT_EQ(options.size(), 5U);
  EXPECT_EQ(options.back(), (Option{"qqq", "sock=3", 4}));
}

TEST(CommandLine, AValueIsNotReadAsAnOption) {
  EXPECT_FALSE(settings_of({"-append", "-qqq", "-name", "sock=3"}).link);
  EXPECT_FALSE(settings_of({"-name", "-daemonize"}).is_daemonized);
}

TEST(KeyValues, FollowQemusRules) {
  using Pairs = std::vector<KeyValue>;
  EXPECT_EQ(parse_key_values("3,sleep=off", "shift"), (Pairs{{"shift", "3"}, {"sleep", "off"}}));
  EXPECT_EQ(parse_key_values("shift=3,nosleep,align", "shift"),
            (Pairs{{"shift", "3"}, {"sleep", "off"}, {"align", "on"}}));
  EXPECT_EQ(parse_key_values("file=a,,b,x=1", ""), (Pairs{{"file", "a,b"}, {"x", "1"}}));
  EXPECT_EQ(escape_commas("a,b"), "a,,b");
}

TEST(Settings, ReadTheLinkUnderBothNames) {
  EXPECT_EQ(settings_of({"-qqq", "sock=3"}).link, (LinkOption{.endpoint = {.socket = 3}}));
  EXPECT_EQ(settings_of({"--qqq", "sock=3,zero=exit"}).link,
            (LinkOption{.endpoint = {.socket = 3}, .is_exit_at_zero = true}));
  EXPECT_EQ(settings_of({"-external_sim", "sock=12,zero=answer"}).link, (LinkOption{.endpoint = {.socket = 12}}));
}

TEST(Settings, RefuseALinkThatCannotBeRead) {
  for (const char* value : {"", "sock=", "sock=x", "sock=-1", "sock=3x", "sock", "5", "zero=exit", "sock=3,zero=on",
                            "sock=3,colour=red", "write=4,read=5", "sock=99999999999999999999"}) {
    EXPECT_THROW(static_cast<void>(settings_of({"-qqq", value})), base::BadArgument) << value;
  }
  EXPECT_THROW(static_cast<void>(settings_of({"-qqq"})), base::BadArgument);
  EXPECT_THROW(static_cast<void>(settings_of({"-qqq", "sock=3", "-external_sim", "sock=4"})), base::BadArgument);
}

TEST(Settings, LaterOptionsOverrideKeyByKey) {
  const Settings settings =
      settings_of({"-icount", "3", "-icount", "sleep=off", "-rtc", "base=utc,clock=host", "-rtc", "clock=vm"});
  EXPECT_EQ(settings.icount, (std::map<std::string, std::string>{{"shift", "3"}, {"sleep", "off"}}));
  EXPECT_EQ(settings.rtc, (std::map<std::string, std::string>{{"base", "utc"}, {"clock", "vm"}}));
}

TEST(Settings, AcceleratorsInTheOrderInWhichQemuTriesThem) {
  EXPECT_EQ(settings_of({"-M", "pc,accel=kvm:tcg"}).accelerators, (Arguments{"kvm", "tcg"}));
  EXPECT_EQ(settings_of({"-enable-kvm", "-machine", "accel=tcg"}).accelerators, (Arguments{"tcg"}));
  EXPECT_EQ(settings_of({"-accel", "kvm", "-accel", "tcg,thread=multi"}).accelerators, (Arguments{"kvm", "tcg"}));
  EXPECT_EQ(settings_of({"-accel", "tcg,thread=multi"}).tcg_thread, "multi");
}

TEST(Settings, NoticeQuestionsAndWhatIsMissing) {
  EXPECT_TRUE(settings_of({"-version"}).is_question);
  EXPECT_TRUE(settings_of({"-M", "help"}).is_question);
  EXPECT_TRUE(settings_of({"-device", "e1000,help"}).is_question);
  EXPECT_FALSE(settings_of({"-name", "help"}).is_question);
  EXPECT_EQ(settings_of({"-m"}).dangling, "-m");
  EXPECT_FALSE(settings_of({"-nographic"}).dangling);
}

TEST(WithoutLink, RemovesTheOptionAndItsValueOnly) {
  EXPECT_EQ(without_link({"-qqq", "sock=3", "-append", "-qqq", "-S"}), (Arguments{"-append", "-qqq", "-S"}));
}

}  // namespace
}  // namespace fermata::qemu
