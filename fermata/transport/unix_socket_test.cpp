// SPDX-License-Identifier: MIT
#include "fermata/transport/unix_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
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

TEST(UnixSocket, ConnectsToWhoListens) {
  std::string folder = std::filesystem::temp_directory_path() / "fermata-socket-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/link";
  try {
    static_cast<void>(UnixSocket::connect(path));
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("nobody listens at the socket " + path), std::string::npos);
  }
  const host::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  UnixSocket ours = UnixSocket::connect(path);
  UnixSocket theirs = UnixSocket::adopt(::accept(listener.get(), nullptr, nullptr));
  const std::byte byte{7};
  EXPECT_EQ(ours.write(std::span(&byte, 1), std::chrono::seconds(10)).count, 1U);
  std::byte got{};
  EXPECT_EQ(theirs.read(std::span(&got, 1), std::chrono::seconds(10)).count, 1U);
  EXPECT_EQ(got, byte);
  std::filesystem::remove_all(folder);
}

TEST(UnixSocket, RefusesPathsThatNoSocketCanHave) {
  EXPECT_THROW(static_cast<void>(UnixSocket::connect("")), base::BadArgument);
  EXPECT_THROW(static_cast<void>(UnixSocket::connect(std::string(200, 'x'))), base::BadArgument);
}

}  // namespace
}  // namespace fermata::transport
