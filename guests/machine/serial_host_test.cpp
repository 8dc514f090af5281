// SPDX-License-Identifier: MIT
#include "guests/machine/serial_host.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "fermata/base/error.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine_program {
namespace {

using namespace time::literals;
using time::Instant;
using Kind = SerialTarget::Kind;

class SerialHostTest : public ::testing::Test {
 protected:
  SerialHostTest() {
    std::string name = std::filesystem::temp_directory_path() / "fermata-serial-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    machine_.run_until(Instant::at(1_ms));
  }
  ~SerialHostTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] SerialHost open(const SerialTarget& target) {
    return SerialHost(loop_, target, machine_.serial(), {.end = [] {}, .before_input = [this] { ++inputs_; }});
  }
  [[nodiscard]] host::UniqueFd connect(const std::string& name) const {
    host::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path(name).c_str());
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  void echo(const std::string& text) {
    machine_.serial().send(text);
    machine_.run_until(machine_.now() + 1_ms);
  }

  std::filesystem::path folder_;
  machine::Machine machine_{machine::Config{.boot = machine::testing::plan_of(machine::testing::echo())}};
  loop::EventLoop loop_{machine_.clocks()};
  int inputs_ = 0;
};

TEST_F(SerialHostTest, AFileTakesWhatTheGuestSends) {
  SerialHost host = open({.kind = Kind::file, .path = path("out")});
  echo("hello");
  host.finish();
  std::ifstream file(path("out"));
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "hello");
}

TEST_F(SerialHostTest, AFileThatCannotBeWrittenIsNamed) {
  EXPECT_THROW(static_cast<void>(open({.kind = Kind::file, .path = "/nowhere/out"})), base::Error);
  EXPECT_THROW(static_cast<void>(open({.kind = Kind::unix_socket, .path = path("nobody")})), base::Error);
  EXPECT_THROW(static_cast<void>(open({.kind = Kind::unix_socket, .path = std::string(200, 'x')})), base::BadArgument);
}

TEST_F(SerialHostTest, AServerTakesThePlaceOfASocketAndOfNothingElse) {
  std::ofstream(path("letter")) << "dear";
  EXPECT_THROW(static_cast<void>(open({.kind = Kind::unix_socket, .path = path("letter"), .is_server = true})),
               base::Error);
  std::filesystem::create_symlink(path("letter"), path("link"));
  EXPECT_THROW(static_cast<void>(open({.kind = Kind::unix_socket, .path = path("link"), .is_server = true})),
               base::Error);
  EXPECT_EQ(std::filesystem::file_size(path("letter")), 4U);
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));

  const host::UniqueFd left(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));  // of a run that was killed
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path("s").c_str());
  ASSERT_EQ(::bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  SerialHost host = open({.kind = Kind::unix_socket, .path = path("s"), .is_server = true});
  const host::UniqueFd client = connect("s");
  loop_.turn(loop::EventLoop::Wait::yes);
  EXPECT_TRUE(host.is_ready());
}

TEST_F(SerialHostTest, WhatTheHostDoesNotTakeIsToldOnce) {
  SerialHost host = open({.kind = Kind::file, .path = "/dev/full"});
  ::testing::internal::CaptureStderr();
  echo("a");
  host.flush();
  echo("b");
  host.finish();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "fermata-machine: output of the serial line is lost: file:/dev/full: No space left on device\n");
  EXPECT_TRUE(host.has_lost_output());
}

// Megabytes in pieces of 4096 bytes, as a pipe takes them; moving the rest at each would copy 32 GiB.
TEST_F(SerialHostTest, MuchThatWaitsIsWrittenInSmallPieces) {
  SerialHost host = open({.kind = Kind::file, .path = path("out")});
  const std::string block(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 16; ++i) {
    machine_.serial().transmitted(machine_.now(), std::as_bytes(std::span(block)));
  }
  host.finish();
  EXPECT_EQ(std::filesystem::file_size(path("out")), std::size_t{16} << 20);
  EXPECT_FALSE(host.has_lost_output());
}

TEST_F(SerialHostTest, AServerServesOneClientAfterTheOther) {
  SerialHost host = open({.kind = Kind::unix_socket, .path = path("s"), .is_server = true});
  EXPECT_FALSE(host.is_ready());
  for (int i = 0; i < 2; ++i) {
    echo("lost ");  // nobody is there
    const host::UniqueFd client = connect("s");
    while (!host.is_ready()) {
      loop_.turn(loop::EventLoop::Wait::yes);
    }
    ASSERT_EQ(::write(client.get(), "ping", 4), 4);
    const int inputs = inputs_;
    while (inputs_ == inputs) {
      loop_.turn(loop::EventLoop::Wait::yes);
    }
    machine_.run_until(machine_.now() + 1_ms);
    host.flush();
    char answer[8] = {};
    EXPECT_EQ(::read(client.get(), answer, sizeof answer), 4);
    EXPECT_STREQ(answer, "ping");
    ASSERT_EQ(::shutdown(client.get(), SHUT_RDWR), 0);
    while (host.is_ready()) {
      loop_.turn(loop::EventLoop::Wait::yes);
    }
  }
}

TEST_F(SerialHostTest, AClientWhoDoesNotReadHoldsNothingUp) {
  SerialHost host = open({.kind = Kind::unix_socket, .path = path("s"), .is_server = true, .does_wait = false});
  EXPECT_TRUE(host.is_ready());
  const host::UniqueFd client = connect("s");
  loop_.turn(loop::EventLoop::Wait::yes);
  const std::string block(100'000, 'x');
  std::string all;
  for (int i = 0; i < 10; ++i) {
    machine_.serial().transmitted(machine_.now(), std::as_bytes(std::span(block)));
    host.flush();
  }
  std::string got(1'000'000, '\0');
  std::size_t count = 0;
  while (count < got.size()) {
    const ssize_t more = ::recv(client.get(), got.data() + count, got.size() - count, MSG_DONTWAIT);
    if (more > 0) {
      count += static_cast<std::size_t>(more);
    } else {
      loop_.turn(loop::EventLoop::Wait::yes);
    }
  }
  EXPECT_EQ(got, std::string(1'000'000, 'x'));
}

}  // namespace
}  // namespace fermata::machine_program
