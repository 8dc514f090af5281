// SPDX-License-Identifier: MIT
//
// A simulator that knows nothing of Fermata drives fermata-machine where it looks for a QEMU.
#include <cstdlib>

#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

TEST(PlainClient, ThousandQuantaAreASecond) {
  const TempFolder folder;
  std::filesystem::create_symlink(built_program("fermata-machine"), folder.path("qemu-system-riscv64"));
  const char* path = std::getenv("PATH");
  const std::string before = path != nullptr ? path : "";
  ::setenv("PATH", (std::filesystem::path(folder.path("x")).parent_path().string() + ":" + before).c_str(), 1);
  const Outcome one = run({built_program("plain_client"), guest_path("riscv64", "idle")});
  const Outcome two = run({built_program("plain_client"), guest_path("riscv64", "idle"), "2"});
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(one.status, host::ExitStatus{}) << one.errors;
  EXPECT_EQ(one.output, "1000 reports, 1000000 us, wait status 0\n") << one.errors;
  EXPECT_EQ(two.output,
            "1000 reports, 1000000 us, wait status 0\n"
            "1000 reports, 1000000 us, wait status 0\n")
      << "with the ends of each other's links inherited: " << two.errors;
}

}  // namespace
}  // namespace fermata::machine_test
