// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/plugin_api.hpp"

#include <gtest/gtest.h>

namespace fermata::qemu {
namespace {

// The ranges that each QEMU said it takes: 7.2 0..1, 10.0 2..4, 11.1 7.
TEST(PluginApi, FitsTheRangeOfEachTestedVersion) {
  EXPECT_EQ(plugin_api_for({7, 2, 22}, nullptr), 1);
  EXPECT_EQ(plugin_api_for({8, 2, 0}, nullptr), 1);
  EXPECT_EQ(plugin_api_for({9, 0, 0}, nullptr), 2);
  EXPECT_EQ(plugin_api_for({10, 0, 13}, nullptr), 2);
  EXPECT_EQ(plugin_api_for({11, 1, 3}, nullptr), 7);
  EXPECT_EQ(plugin_api_for({12, 0, 0}, nullptr), 7);
}

TEST(PluginApi, CanBeOverridden) {
  EXPECT_EQ(plugin_api_for({12, 0, 0}, "9"), 9);
  EXPECT_EQ(plugin_api_for({10, 0, 0}, ""), 2);
  EXPECT_EQ(plugin_api_for({10, 0, 0}, "x9"), 2);
}

}  // namespace
}  // namespace fermata::qemu
