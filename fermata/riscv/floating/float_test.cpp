// SPDX-License-Identifier: MIT
#include "fermata/riscv/floating/float.hpp"

#include <gtest/gtest.h>

namespace fermata::riscv::floating {
namespace {

TEST(Float, ASingleIsBoxedInOnes) {
  EXPECT_EQ(box(F32{0x3f80'0000}), 0xffff'ffff'3f80'0000U);
  EXPECT_EQ(unbox(0xffff'ffff'3f80'0000), F32{0x3f80'0000});
}

TEST(Float, WhatIsNotBoxedIsTheCanonicalNan) {
  EXPECT_EQ(unbox(0x3ff0'0000'0000'0000), canonical_nan_32);
  EXPECT_EQ(unbox(0xffff'fffe'3f80'0000), canonical_nan_32);
  EXPECT_EQ(unbox(0x0000'0000'3f80'0000), canonical_nan_32);
}

TEST(Float, NegatingIsOfTheSignAlone) {
  EXPECT_EQ(negate(F32{0x0000'0000}), F32{0x8000'0000});
  EXPECT_EQ(negate(F32{0x7fa0'0001}), F32{0xffa0'0001});
  EXPECT_EQ(negate(F64{0xbff0'0000'0000'0000}), F64{0x3ff0'0000'0000'0000});
}

}  // namespace
}  // namespace fermata::riscv::floating
