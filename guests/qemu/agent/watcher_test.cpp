// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/watcher.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <latch>
#include <memory>

#include "fermata/transport/unix_socket.hpp"

namespace fermata::qemu {
namespace {

// In a process of its own, because the watcher arranges for its process to be killed.
template <typename Body>
int exit_code_of(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(body());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Watcher, CallsOnceThePeerHasClosed) {
  EXPECT_EQ(exit_code_of([] {
              auto [simulator, guest] = transport::UnixSocket::make_pair();
              auto gone = std::make_shared<std::latch>(1);
              watch_peer(guest.descriptor(), [gone] { gone->count_down(); });
              simulator.close();
              gone->wait();
              return 42;
            }),
            42);
}

TEST(Watcher, LeavesTheBytesToTheirReader) {
  EXPECT_EQ(exit_code_of([] {
              auto [simulator, guest] = transport::UnixSocket::make_pair();
              auto gone = std::make_shared<std::latch>(1);
              watch_peer(guest.descriptor(), [gone] { gone->count_down(); });
              const std::array last_words{std::byte{1}, std::byte{2}};
              if (simulator.write(last_words, {}).count != 2) {
                return 1;
              }
              simulator.close();
              gone->wait();
              std::array<std::byte, 8> got{};
              return static_cast<int>(guest.read(got, {}).count);
            }),
            2);
}

}  // namespace
}  // namespace fermata::qemu
