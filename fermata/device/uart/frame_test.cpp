// SPDX-License-Identifier: MIT
#include "fermata/device/uart/frame.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fermata::device::uart {
namespace {

const time::Frequency clock{3'686'400};

TEST(UartFrame, CountsBits) {
  constexpr std::uint32_t divisor = 2'304;  // 100 bits a second: 10 ms each
  const auto character_ns = [](Frame frame) {
    frame.divisor = divisor;
    return frame.characters(1, clock).ns();
  };
  EXPECT_EQ(character_ns({.data_bits = 8}), 100'000'000);
  EXPECT_EQ(character_ns({.data_bits = 5}), 70'000'000);
  EXPECT_EQ(character_ns({.data_bits = 8, .has_parity = true}), 110'000'000);
  EXPECT_EQ(character_ns({.data_bits = 8, .has_long_stop = true}), 110'000'000);
  EXPECT_EQ(character_ns({.data_bits = 5, .has_long_stop = true}), 75'000'000);
}

TEST(UartFrame, RoundsManyCharactersOnce) {
  const Frame frame{.divisor = 2};
  EXPECT_EQ(frame.characters(1, clock).ns(), 86'805);
  EXPECT_EQ(frame.characters(1'000'000, clock).ns(), 86'805'555'555);
}

TEST(UartFrame, ADivisorOfZeroIsOne) {
  EXPECT_EQ(Frame{.divisor = 0}.characters(1, clock), Frame{.divisor = 1}.characters(1, clock));
}

TEST(UartFrame, IsAtMostACentury) {
  const Frame frame{.data_bits = 8, .has_parity = true, .has_long_stop = true, .divisor = 65'535};
  const time::Frequency slow(1, 18'446'744'073);
  EXPECT_EQ(frame.characters(std::numeric_limits<std::uint64_t>::max(), slow).ns(), 3'155'760'000'000'000'000);
}

}  // namespace
}  // namespace fermata::device::uart
