// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/link/goodbye.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/link/frame.hpp"

namespace fermata::qemu::link {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> grant_and_goodbye() {
  std::vector<std::byte> bytes;
  wire::link::append(bytes, wire::link::Grant{.header = {}, .horizon_ns = 6, .reports = 6});
  wire::link::append(bytes, wire::link::Bye{});
  return bytes;
}

TEST(Goodbye, IsTheLastOfWholeMessages) {
  const auto bytes = grant_and_goodbye();
  EXPECT_TRUE(ends_with_goodbye(bytes));
  EXPECT_TRUE(ends_with_goodbye(std::span(bytes).last(8)));
  EXPECT_FALSE(ends_with_goodbye({}));
  EXPECT_FALSE(ends_with_goodbye(std::span(bytes).first(bytes.size() - 8))) << "a grant";
  EXPECT_FALSE(ends_with_goodbye(std::span(bytes).first(bytes.size() - 4))) << "not whole";
  EXPECT_FALSE(ends_with_goodbye(std::span(bytes).subspan(8))) << "the middle of a message";
}

TEST(Goodbye, StaysInTheSocket) {
  auto [ours, theirs] = transport::UnixSocket::make_pair();
  EXPECT_FALSE(has_goodbye(theirs.descriptor()));
  const auto bytes = grant_and_goodbye();
  ASSERT_EQ(ours.write(bytes, 1s).count, bytes.size());
  EXPECT_TRUE(has_goodbye(theirs.descriptor()));
  EXPECT_TRUE(has_goodbye(theirs.descriptor()));
}

}  // namespace
}  // namespace fermata::qemu::link
