// SPDX-License-Identifier: MIT
//
// What is its own; what it has in common with the other transports: conformance_test.cpp.
#include "fermata/transport/in_process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <utility>

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

TEST(InProcessStream, AWriterWaitsForTheRoomThatItsReaderMakes) {
  auto [a, b] = InProcessStream::make_pair(4);
  const std::array<std::byte, 6> bytes{};
  EXPECT_EQ(a.write(bytes, 0s).count, 4U);
  std::thread reader([&end = b] {
    std::array<std::byte, 4> got{};
    EXPECT_EQ(end.read(got, 1h).count, 4U);
  });
  EXPECT_EQ(a.write(std::span(bytes).first(2), 1h).count, 2U);
  reader.join();
}

TEST(InProcessStream, AnEndThatWasMovedFromIsNotClosed) {
  auto [a, b] = InProcessStream::make_pair();
  InProcessStream end = std::move(a);
  EXPECT_EQ(end.write(std::array{std::byte{1}}, 0s).count, 1U);
  std::byte byte{};
  EXPECT_EQ(b.read({&byte, 1}, 0s).count, 1U);
  EXPECT_EQ(b.read({&byte, 1}, 0s), IoResult{});
}

}  // namespace
}  // namespace fermata::transport
