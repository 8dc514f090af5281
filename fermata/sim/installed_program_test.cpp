// SPDX-License-Identifier: MIT
#include "fermata/sim/installed_program.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

std::string complaint(const std::string& program) {
  try {
    return "found " + find_installed_program(program, "FERMATA_TEST_PROGRAM");
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    return error.what();
  }
}

TEST(InstalledProgram, TheVariableComesFirst) {
  ::setenv("FERMATA_TEST_PROGRAM", "/bin/true", 1);
  EXPECT_EQ(complaint("no-such-program"), "found /bin/true");
  ::setenv("FERMATA_TEST_PROGRAM", "/nowhere/it", 1);
  EXPECT_EQ(complaint("sh"), "FERMATA_TEST_PROGRAM names /nowhere/it, which is no program; correct or unset it");
  ::unsetenv("FERMATA_TEST_PROGRAM");
}

TEST(InstalledProgram, IsLookedUpInPathAndMissedByName) {
  ::setenv("PATH", "/usr/bin:/bin", 1);
  EXPECT_TRUE(complaint("sh").ends_with("/bin/sh"));
  EXPECT_TRUE(complaint("no-such-program").starts_with("no-such-program was not found beside this program"));
}

}  // namespace
}  // namespace fermata::sim
