// SPDX-License-Identifier: MIT
#include "fermata/transport/in_process.hpp"

#include <gtest/gtest.h>

#include <array>

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

TEST(InProcessStream, AHandlerAnswersWithinTheWrite) {
  auto [a, b] = InProcessStream::make_pair();
  b.set_readable_handler([&end = b] {
    std::array<std::byte, 8> got{};
    const IoResult result = end.read(got, 0s);
    EXPECT_EQ(end.write(std::span(got).first(result.count), 0s).count, result.count);
  });
  EXPECT_EQ(a.write(std::array{std::byte{42}}, 0s).count, 1U);
  std::byte echo{};
  EXPECT_EQ(a.read({&echo, 1}, 0s).count, 1U);
  EXPECT_EQ(echo, std::byte{42});
}

TEST(InProcessStream, AHandlerSeesTheClose) {
  auto [a, b] = InProcessStream::make_pair();
  int calls = 0;
  b.set_readable_handler([&calls] { ++calls; });
  a.close();
  a.close();
  EXPECT_EQ(calls, 1);
}

TEST(InProcessStream, AHandlerIsNotToldOfItsOwnEndsClose) {
  auto [a, b] = InProcessStream::make_pair();
  int calls = 0;
  b.set_readable_handler([&calls] { ++calls; });
  b.close();
  a.close();
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace fermata::transport
