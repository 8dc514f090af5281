// SPDX-License-Identifier: MIT
#include "fermata/transport/unix_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "fermata/base/error.hpp"

namespace fermata::transport {
namespace {

std::string refusal(int descriptor) {
  try {
    const UnixSocket socket = UnixSocket::adopt(descriptor);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    return error.what();
  }
  return "adopted";
}

TEST(UnixSocket, RefusesADescriptorThatIsNoConnectedStreamSocket) {
  EXPECT_NE(refusal(987).find("descriptor 987 is not open"), std::string::npos);

  const host::UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_NE(refusal(file.get()).find("is not a socket"), std::string::npos);

  const host::UniqueFd datagram(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal(datagram.get()).find("is not a stream socket"), std::string::npos);

  const host::UniqueFd lonely(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal(lonely.get()).find("is not connected"), std::string::npos);
}

TEST(UnixSocket, AdoptsOneEndOfAPair) {
  auto [a, b] = UnixSocket::make_pair();
  UnixSocket adopted = UnixSocket::adopt(::dup(b.descriptor()));
  EXPECT_EQ(a.write(std::array{std::byte{7}}, {}).count, 1U);
  std::byte got{};
  EXPECT_EQ(adopted.read({&got, 1}, std::chrono::seconds(30)).count, 1U);
  EXPECT_EQ(got, std::byte{7});
}

TEST(UnixSocket, IsNotInheritedByPrograms) {
  const auto [a, b] = UnixSocket::make_pair();
  EXPECT_NE(::fcntl(a.descriptor(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(b.descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace fermata::transport
