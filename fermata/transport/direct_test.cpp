// SPDX-License-Identifier: MIT
#include "fermata/transport/direct.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

TEST(DirectStream, AHandlerAnswersWithinTheWrite) {
  auto [a, b] = DirectStream::make_pair();
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

TEST(DirectStream, AHandlerSeesTheClose) {
  auto [a, b] = DirectStream::make_pair();
  int calls = 0;
  b.set_readable_handler([&calls] { ++calls; });
  a.close();
  a.close();
  EXPECT_EQ(calls, 1);
}

TEST(DirectStream, AHandlerIsNotToldOfItsOwnEndsClose) {
  auto [a, b] = DirectStream::make_pair();
  int calls = 0;
  b.set_readable_handler([&calls] { ++calls; });
  b.close();
  a.close();
  EXPECT_EQ(calls, 0);
}

TEST(DirectStream, WhatWasWrittenStaysReadableToThePeer) {
  auto [a, b] = DirectStream::make_pair();
  {
    DirectStream end = std::move(a);
    EXPECT_EQ(end.write(std::array{std::byte{1}, std::byte{2}, std::byte{3}}, 0s).count, 3U);
  }
  std::array<std::byte, 2> got{};
  EXPECT_EQ(b.read(got, 0s), IoResult{.count = 2});
  EXPECT_EQ(b.read(got, 0s), IoResult{.count = 1});
  EXPECT_EQ(got[0], std::byte{3});
  EXPECT_EQ(b.read(got, 1h), IoResult{.is_end = true});
  EXPECT_EQ(b.write(got, 1h), IoResult{.is_end = true});
}

TEST(DirectStream, AFullOneTakesNoMoreAndLosesNothing) {
  auto [a, b] = DirectStream::make_pair(1000);
  std::vector<std::byte> sent(1500);
  std::vector<std::byte> got;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    sent[i] = static_cast<std::byte>(i % 251);
  }
  std::size_t written = 0;
  std::array<std::byte, 333> part{};
  while (got.size() < sent.size()) {
    const IoResult result = a.write(std::span(sent).subspan(written), 0s);
    written += result.count;
    EXPECT_EQ(a.write(std::array{std::byte{7}}, 1us).count, written < sent.size() ? 0U : 1U);
    if (written == sent.size()) {
      break;
    }
    const IoResult read = b.read(part, 0s);
    got.insert(got.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(read.count));
  }
  for (IoResult read; (read = b.read(part, 0s)).count > 0;) {
    got.insert(got.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(read.count));
  }
  sent.push_back(std::byte{7});
  EXPECT_EQ(got, sent);
}

TEST(DirectStream, NothingToReadIsNoEnd) {
  auto [a, b] = DirectStream::make_pair();
  std::byte byte{};
  EXPECT_EQ(a.read({&byte, 1}, 0s), IoResult{});
  EXPECT_EQ(a.read({&byte, 1}, 1us), IoResult{});
  EXPECT_EQ(a.write({}, 0s), IoResult{});
}

TEST(DirectStream, AHandlerMayDestroyTheEndThatCalledIt) {
  auto [a, b] = DirectStream::make_pair();
  auto end = std::make_unique<DirectStream>(std::move(a));
  b.set_readable_handler([&end] { end.reset(); });
  EXPECT_EQ(end->write(std::array{std::byte{1}}, 0s).count, 1U);
  EXPECT_EQ(end, nullptr);
  std::byte byte{};
  EXPECT_EQ(b.read({&byte, 1}, 0s).count, 1U);
  EXPECT_EQ(b.read({&byte, 1}, 0s), IoResult{.is_end = true});
}

}  // namespace
}  // namespace fermata::transport
