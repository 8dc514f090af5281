// SPDX-License-Identifier: MIT
//
// A simulator written in C, c_client.c, with fermata-machine through libfermata.so.
#include <gmock/gmock.h>

#include <array>

#include "tests/machine/link/c_client.h"
#include "tests/machine/link/linked_guest.hpp"

namespace fermata::machine_test {
namespace {

TEST(CInterface, ASimulatorInCRunsAGuest) {
  const host::Command command = program_of({.guest = "window"});
  std::vector<const char*> argv;
  std::transform(command.arguments.begin(), command.arguments.end(), std::back_inserter(argv),
                 [](const std::string& argument) { return argument.c_str(); });
  for (const int transport : {0, 1}) {  // by a socket, by shared memory
    std::array<char, 4096> text{};
    EXPECT_EQ(run_c_client(argv.data(), argv.size(), transport, text.data(), text.size()), 0) << text.data();
    EXPECT_THAT(text.data(), ::testing::StartsWith("read=7\ntook=5000\nread=7\n"));
  }
}

}  // namespace
}  // namespace fermata::machine_test
