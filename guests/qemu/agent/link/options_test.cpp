// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/link/options.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::qemu::link {
namespace {

TEST(ChannelOptions, AreRead) {
  ChannelOptions options;
  EXPECT_TRUE(take_channel_option("serial", "console", options));
  EXPECT_TRUE(take_channel_option("ethernet", "net0", options));
  EXPECT_TRUE(take_channel_option("late", "net0", options));
  EXPECT_TRUE(take_channel_option("line", "alarm:20", options));
  EXPECT_TRUE(take_channel_option("line", "other:0x15:arm_gic", options));
  EXPECT_TRUE(take_channel_option("window", "board@0x10010000+4096", options));
  EXPECT_TRUE(take_channel_option("ports", "io@0x5f0+16", options));
  EXPECT_TRUE(take_channel_option("device", "tick_timer@0x10200000:12", options));
  EXPECT_TRUE(take_channel_option("device", "./a@b.so@4096:5:arm_gic/fast,1", options));
  EXPECT_FALSE(take_channel_option("sock", "3", options));
  EXPECT_EQ(options,
            (ChannelOptions{
                .serials = {"console"},
                .ethernets = {"net0"},
                .late = {"net0"},
                .lines = {{.name = "alarm", .number = 20}, {.name = "other", .number = 21, .controller = "arm_gic"}},
                .windows = {{.name = "board", .base = 0x10010000, .size = 4096},
                            {.name = "io", .is_ports = true, .base = 0x5f0, .size = 16}},
                .devices = {{.file = "tick_timer", .base = 0x10200000, .line = LineOption{.name = "irq", .number = 12}},
                            {.file = "./a@b.so",
                             .base = 4096,
                             .line = LineOption{.name = "irq", .number = 5, .controller = "arm_gic"},
                             .options = "fast,1"}}}));
}

TEST(ChannelOptions, ThatCannotBeReadAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"serial", ""},
      {"serial", "a b"},
      {"ethernet", "a,b"},
      {"line", "alarm"},
      {"line", "alarm:x"},
      {"line", "alarm:99999"},
      {"line", ":5"},
      {"window", "board"},
      {"window", "board@1"},
      {"window", "board+1@0"},
      {"window", "b@zero+1"},
      {"window", "b@0+0"},
      {"window", "b@0+99999999999"},
      {"device", "tick_timer"},
      {"device", "@5"},
      {"device", "t@x"},
      {"device", "t@5:x"},
      {"ports", "b@0xffffffffffffffff+2"},
  };
  for (const auto& [name, value] : cases) {
    ChannelOptions options;
    EXPECT_THROW(static_cast<void>(take_channel_option(name, value, options)), base::BadArgument) << name << value;
  }
}

TEST(ChannelOptions, NamesAreUnique) {
  EXPECT_NO_THROW(check_channel_names({.serials = {"a"}, .lines = {{.name = "b"}}}));
  EXPECT_THROW(check_channel_names({.serials = {"a"}, .lines = {{.name = "a"}}}), base::BadArgument);
}

}  // namespace
}  // namespace fermata::qemu::link
