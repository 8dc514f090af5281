// SPDX-License-Identifier: MIT
#include "cli/ability_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fermata::cli {
namespace {

constexpr const char* document = R"({"qemu_version":"7.2.22","package":"Debian","target":"riscv64",
  "agent_version":"0.1.0","tested":true,"missing":["some_symbol"],"abilities":[
  {"name":"instruction counting","available":true,"reason":"all checks passed"},
  {"name":"KVM","available":false,"reason":"comes later"}]})";

TEST(AbilityReport, IsATableForPeople) {
  EXPECT_EQ(to_text({parse_examination("/usr/bin/qemu", document), {.path = "/broken", .failure = "it crashed"}},
                    {.is_usable = false, .reason = "there is none"}),
            "/usr/bin/qemu: QEMU 7.2.22 (Debian), riscv64\n"
            "  instruction counting  yes  all checks passed\n"
            "  KVM                   no   comes later\n"
            "  not exported: some_symbol\n"
            "\n"
            "/broken: it crashed\n"
            "\n"
            "/dev/kvm: not usable, there is none\n");
}

TEST(AbilityReport, IsADocumentForPrograms) {
  const auto json = nlohmann::json::parse(
      to_json({parse_examination("/usr/bin/qemu", document), {.path = "/broken", .failure = "it crashed"}},
              {.is_usable = true, .reason = "API version 12"}));
  EXPECT_EQ(json.at("qemus").at(0).at("abilities").at(1).at("reason"), "comes later");
  EXPECT_EQ(json.at("qemus").at(1).at("failure"), "it crashed");
  EXPECT_EQ(json.at("kvm").at("usable"), true);
}

TEST(AbilityReport, WhatCannotBeReadIsAFailure) {
  for (const char* wrong : {"", "{", "[]", R"({"qemu_version":7})", R"({"qemu_version":"7","target":"x"})"}) {
    EXPECT_FALSE(parse_examination("q", wrong).failure.empty()) << wrong;
  }
}

}  // namespace
}  // namespace fermata::cli
