// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/doctor.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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
  ASSERT_EQ(report["abilities"].size(), 8U);
  for (const auto& ability : report["abilities"]) {
    EXPECT_FALSE(ability["available"].get<bool>());
    EXPECT_NE(ability["reason"].get<std::string>().find("does not export"), std::string::npos);
  }
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
