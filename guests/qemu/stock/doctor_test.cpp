// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fermata::qemu {
namespace {

void* nothing(const char* /*name*/) { return nullptr; }

TEST(Doctor, KnowsTheTestedVersions) {
  EXPECT_TRUE(is_tested_version({7, 2, 22}));
  EXPECT_TRUE(is_tested_version({10, 0, 2}));
  EXPECT_TRUE(is_tested_version({11, 1, 3}));
  EXPECT_FALSE(is_tested_version({7, 1, 0}));
  EXPECT_FALSE(is_tested_version({9, 2, 0}));  // between tested ones
  EXPECT_FALSE(is_tested_version({11, 2, 0}));
  EXPECT_FALSE(is_tested_version({}));
}

TEST(Doctor, SaysWhatAQemuLacks) {
  const auto report = nlohmann::json::parse(examine(find_symbols(nothing), nothing, "riscv64", {}));
  EXPECT_EQ(report["target"], "riscv64");
  EXPECT_EQ(report["qemu_version"], "unknown");
  EXPECT_FALSE(report["tested"].get<bool>());
  EXPECT_FALSE(report["missing"].empty());
  std::vector<std::string> names;
  for (const auto& ability : report["abilities"]) {
    names.push_back(ability["name"]);
    EXPECT_FALSE(ability["available"].get<bool>());
    EXPECT_NE(ability["reason"].get<std::string>().find("does not export"), std::string::npos);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("instruction counting", "exact serial", "exact Ethernet", "interrupt lines",
                                            "register windows", "guest memory", "checkpoints", "multi-threaded TCG",
                                            "multi-threaded TCG, time from instructions", "KVM"));
}

// Each way of holding a clock for itself: QEMU 7.2 has no scoreboards, and some builds have no KVM.
TEST(Doctor, AWayOfHoldingAClockLacksOnlyItsOwn) {
  const auto lookup = [](const char* name) -> void* {
    static int something = 0;
    return std::string_view(name).starts_with("qemu_plugin_scoreboard") ? nullptr : &something;
  };
  const SymbolSearch search;
  const auto report = nlohmann::json::parse(examine(search, lookup, "x86_64", {}));
  const auto& abilities = report["abilities"];
  ASSERT_EQ(abilities.size(), 10U);
  EXPECT_TRUE(abilities[7]["available"].get<bool>());
  EXPECT_EQ(abilities[7]["reason"], "this QEMU exports what it needs");
  EXPECT_FALSE(abilities[8]["available"].get<bool>());
  EXPECT_EQ(abilities[8]["reason"],
            "this QEMU does not export qemu_plugin_scoreboard_new, qemu_plugin_scoreboard_find");
  EXPECT_TRUE(abilities[9]["available"].get<bool>());
}

TEST(Doctor, AFailedCheckIsTheReason) {
  SymbolSearch search;  // nothing missing
  const auto report = nlohmann::json::parse(examine(search, nothing, "x86_64", {"the clock moves"}));
  EXPECT_EQ(report["abilities"][0]["name"], "instruction counting");
  EXPECT_FALSE(report["abilities"][0]["available"].get<bool>());
  EXPECT_EQ(report["abilities"][0]["reason"], "the clock moves");
}

TEST(Doctor, AllIsWellWhereNothingFailed) {
  const SymbolSearch search;
  const auto report = nlohmann::json::parse(examine(search, nothing, "x86_64", {}));
  EXPECT_TRUE(report["abilities"][0]["available"].get<bool>());
}

}  // namespace
}  // namespace fermata::qemu
