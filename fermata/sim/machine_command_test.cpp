// SPDX-License-Identifier: MIT
#include "fermata/sim/machine_command.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fermata::sim {
namespace {

using Arguments = std::vector<std::string>;

TEST(MachineCommand, AddsWhatAHeldClockNeeds) {
  ::setenv("FERMATA_MACHINE", "/bin/true", 1);
  EXPECT_EQ(machine_command({"-kernel", "a"}).arguments,
            (Arguments{"/bin/true", "-kernel", "a", "-icount", "shift=3,sleep=off", "-rtc", "clock=vm"}));
  EXPECT_EQ(machine_command({"--icount", "1,sleep=off", "-rtc", "base=2026-01-01,clock=vm"}).arguments,
            (Arguments{"/bin/true", "--icount", "1,sleep=off", "-rtc", "base=2026-01-01,clock=vm"}))
      << "what is there stays";
  ::unsetenv("FERMATA_MACHINE");
}

}  // namespace
}  // namespace fermata::sim
