// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/descriptors.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::qemu {
namespace {

std::string refusal(int descriptor) {
  try {
    check_link_socket(descriptor);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(NamedDescriptors, AreFoundWhereverQemuTakesThem) {
  EXPECT_EQ(named_descriptors({"-qqq",      "sock=5",
                               "-net",      "socket,fd=6",
                               "-netdev",   "tap,id=n,fds=7:8:9,vhostfds=10:11",
                               "-add-fd",   "fd=12,set=1",
                               "-incoming", "fd:13",
                               "-drive",    "file=/dev/fd/14",
                               "-pidfile",  "/proc/self/fd/15",
                               "-netdev",   "stream,id=s,addr.type=fd,addr.str=16",
                               "-chardev",  R"({"driver":"socket","fd": "17"})",
                               "-incoming", "exec:cat <&18"}),
            (std::set<int>{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}));
  EXPECT_TRUE(named_descriptors({"-append", "fd=3 sock=4", "-name", "fd=5", "-smbios", "type=11,value=fd=6", "-fw_cfg",
                                 "name=opt/x,string=fd=7", "-device", "x,substr=8,sock=9,stats=10"})
                  .empty());
  EXPECT_EQ(named_descriptors({"-plugin", "file=agent.so,sock=5,stats=6", "/dev/fd/7"}), (std::set<int>{5, 6, 7}));
  EXPECT_TRUE(named_descriptors({"-m", "128", "-smp", "4", "-drive", "file=5"}).empty());
}

TEST(LinkSocket, IsAConnectedUnixStream) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const host::UniqueFd ours(ends[0]);
  host::UniqueFd theirs(ends[1]);
  EXPECT_EQ(refusal(ours.get()), "");
  theirs.reset();
  EXPECT_EQ(refusal(ours.get()), "") << "a peer that has gone is no wrong descriptor";
}

TEST(LinkSocket, NothingElse) {
  EXPECT_NE(refusal(1 << 20).find("is not open"), std::string::npos);
  const host::UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_NE(refusal(file.get()).find("is not a socket"), std::string::npos);
  const host::UniqueFd lonely(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal(lonely.get()).find("is not connected"), std::string::npos);
  const host::UniqueFd datagram(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal(datagram.get()).find("is not a UNIX stream socket"), std::string::npos);
}

TEST(CloseAtExec, SparesWhatIsKept) {
  const host::UniqueFd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const host::UniqueFd other(::dup(kept.get()));
  close_all_but_at_exec({kept.get()});
  EXPECT_EQ(::fcntl(kept.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::fcntl(other.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(::fcntl(1, F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace fermata::qemu
