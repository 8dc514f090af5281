// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fermata::qemu {
namespace {

// Any address will do: nothing is called.
SymbolLookup exporting_all_but(const std::set<std::string>& absent) {
  return [absent](const char* name) -> void* {
    static int somewhere = 0;
    return absent.contains(name) ? nullptr : &somewhere;
  };
}

TEST(Symbols, NothingIsMissingWhereAllIsExported) {
  const SymbolSearch search = find_symbols(exporting_all_but({}));
  EXPECT_TRUE(search.missing.empty());
  EXPECT_NE(search.symbols.timer_mod_ns, nullptr);
}

TEST(Symbols, OldNamesServeWhereTheNewAreMissing) {
  const SymbolSearch search = find_symbols(exporting_all_but({"bql_lock_impl", "bql_unlock", "bql_locked"}));
  EXPECT_TRUE(search.missing.empty());
  EXPECT_NE(search.symbols.bql_lock, nullptr);
}

TEST(Symbols, WhatIsMissingIsNamed) {
  const SymbolSearch search =
      find_symbols(exporting_all_but({"timer_mod_ns", "bql_lock_impl", "qemu_mutex_lock_iothread_impl"}));
  EXPECT_THAT(search.missing, ::testing::ElementsAre("timer_mod_ns", "bql_lock_impl"));
}

TEST(Symbols, WhatIsOnlyAConvenienceIsNotMissed) {
  const SymbolSearch search = find_symbols(exporting_all_but({"RunState_lookup", "rr_kick_vcpu_thread"}));
  EXPECT_TRUE(search.missing.empty());
  EXPECT_EQ(search.symbols.rr_kick_vcpu_thread, nullptr);
}

TEST(Symbols, AStrippedQemuMissesMuch) {
  EXPECT_GT(find_symbols([](const char*) -> void* { return nullptr; }).missing.size(), 10U);
}

}  // namespace
}  // namespace fermata::qemu
