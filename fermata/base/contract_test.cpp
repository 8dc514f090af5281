// SPDX-License-Identifier: MIT
#include "fermata/base/contract.hpp"

#include <gtest/gtest.h>

namespace fermata::base {
namespace {

TEST(ContractDeathTest, EndsTheProgramNamingConditionAndFunction) {
  EXPECT_DEATH(expects(false, "the cup is full"), "broken precondition in .*TestBody.*the cup is full");
}

TEST(Contract, PassesWhereTheConditionHolds) { expects(true, "never shown"); }

}  // namespace
}  // namespace fermata::base
