// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/exports.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

TEST(Exports, AreReadFromTheDynamicSymbolTable) {
  // Whatever else this test is, its C library is an ELF file that exports printf.
  std::string libc;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/libc.so.6") != std::string::npos || line.find("/libc-") != std::string::npos) {
      libc = line.substr(line.find('/'));
    }
  }
  if (libc.empty()) {
    GTEST_SKIP() << "statically linked";
  }
  static constexpr std::array symbols = {"printf", "no_such_symbol"};
  EXPECT_EQ(missing_exports(libc, symbols), (std::vector<std::string>{"no_such_symbol"}));
  EXPECT_THROW(check_exports(libc), base::Error);
}

TEST(Exports, WhatIsNoElfFileIsLeftToTheHost) {
  static constexpr std::array symbols = {"printf"};
  EXPECT_TRUE(missing_exports("/nowhere", symbols).empty());
  const std::string path = testing::TempDir() + "exports_test_file";
  const std::array<std::string, 4> contents = {"#!/bin/sh\n", "", "\177ELF",
                                               "\177ELF\2\1\1" + std::string(200, '\x7f')};
  for (const std::string& content : contents) {
    std::ofstream(path) << content;
    EXPECT_TRUE(missing_exports(path, symbols).empty());
  }
  std::remove(path.c_str());
}

}  // namespace
}  // namespace fermata::qemu
