// SPDX-License-Identifier: MIT
#include "fermata/transport/endpoint.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>

#include "fermata/base/error.hpp"
#include "fermata/transport/unix_socket.hpp"

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

TEST(Endpoint, IsOneOfThree) {
  EXPECT_EQ((Endpoint{.socket = 3}.fault()), "");
  EXPECT_EQ((Endpoint{.path = "p"}.fault()), "");
  EXPECT_EQ((Endpoint{.memory = 3, .life_socket = 4}.fault()), "");
  EXPECT_NE((Endpoint{}.fault()), "");
  EXPECT_NE((Endpoint{.socket = 3, .path = "p"}.fault()), "");
  EXPECT_NE((Endpoint{.socket = 3, .memory = 4, .life_socket = 5}.fault()), "");
  EXPECT_EQ((Endpoint{.memory = 4}.fault()), "memory=M and life=L go together");
  EXPECT_EQ((Endpoint{.socket = 3, .clocks = 4, .clock = 0}.fault()), "");
  EXPECT_NE((Endpoint{.socket = 3, .clocks = 4}.fault()), "");
  EXPECT_NE((Endpoint{.socket = 3, .clock = 0}.fault()), "");
}

TEST(Endpoint, ItsNumbersAreFoundByTheirKeys) {
  Endpoint endpoint;
  int number = 3;
  for (const char* key : {"fd", "memory", "life", "clocks", "clock"}) {
    *endpoint.find_number(key) = number++;
  }
  EXPECT_EQ(endpoint, (Endpoint{.socket = 3, .memory = 4, .life_socket = 5, .clocks = 6, .clock = 7}));
  EXPECT_EQ(endpoint.find_number("path"), nullptr);
}

TEST(Endpoint, ClocksComeWithIt) {
  auto [ours, theirs] = UnixSocket::make_pair();
  const SharedClocks clocks = SharedClocks::make(2);
  const int descriptor = ::dup(theirs.descriptor());
  OpenedEndpoint opened = open({.socket = descriptor, .clocks = ::dup(clocks.descriptor()), .clock = 1});
  opened.clocks->tell(1, 7);
  EXPECT_EQ(clocks.read(1), 7);
  EXPECT_FALSE(open({.socket = ::dup(theirs.descriptor())}).clocks);
}

TEST(Endpoint, OfSharedMemoryIsSideB) {
  auto [ours, theirs] = SharedMemory::make_pair();
  const auto descriptors = theirs.descriptors();
  const int memory = ::dup(descriptors.memory);
  const int life = ::dup(descriptors.life_socket);
  theirs.detach();
  OpenedEndpoint opened = open({.memory = memory, .life_socket = life});
  EXPECT_EQ(opened.hangup, life);
  const std::array<std::byte, 3> bytes{};
  EXPECT_EQ(ours.write(bytes, 1s).count, 3U);
  std::array<std::byte, 10> buffer{};
  EXPECT_EQ(opened.stream->read(buffer, 10s).count, 3U);
}

TEST(Endpoint, OfASocketIsThatSocket) {
  auto [ours, theirs] = UnixSocket::make_pair();
  const int descriptor = ::dup(theirs.descriptor());
  theirs.close();
  OpenedEndpoint opened = open({.socket = descriptor});
  EXPECT_EQ(opened.hangup, descriptor);
  EXPECT_THROW(static_cast<void>(open({.socket = 987})), base::Error);
}

}  // namespace
}  // namespace fermata::transport
