// SPDX-License-Identifier: MIT
#include "fermata/sim/qemu.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

TEST(QemuCommand, PutsTheDropInBeforeTheCommandLine) {
  ::setenv("FERMATA_QEMU", "/bin/true", 1);
  const host::Command command = qemu_command({"qemu-system-riscv64", "-M", "virt"});
  EXPECT_EQ(command.arguments,
            (std::vector<std::string>{"/bin/true", "--add-missing", "qemu-system-riscv64", "-M", "virt"}));
  ::unsetenv("FERMATA_QEMU");
}

TEST(QemuCommand, RefusesTheInexactOnDemand) {
  ::setenv("FERMATA_QEMU", "/bin/true", 1);
  const host::Command command = qemu_command({"qemu-system-x86_64", "-M", "pc"}, {.inexact = Inexact::refuse});
  EXPECT_EQ(command.arguments,
            (std::vector<std::string>{"/bin/true", "--add-missing", "--strict", "qemu-system-x86_64", "-M", "pc"}));
  ::unsetenv("FERMATA_QEMU");
}

TEST(QemuCommand, SaysWhereTimeComesFrom) {
  ::setenv("FERMATA_QEMU", "/bin/true", 1);
  const host::Command command =
      qemu_command({"qemu"}, {.time = TimeFrom::instructions,
                              .dilation = "1/10",
                              .slice = time::Duration::microseconds(50),
                              .instruction = {time::Duration::nanoseconds(8), time::Duration::nanoseconds(1500)},
                              .tells_way = true});
  EXPECT_EQ(command.arguments,
            (std::vector<std::string>{"/bin/true", "--add-missing", "--time", "instructions", "--dilation", "1/10",
                                      "--slice", "50us", "--instruction", "8ns/1500ns", "--tell-way", "qemu"}));
  ::unsetenv("FERMATA_QEMU");
}

TEST(QemuCommand, SaysWhenTheNamedDropInIsNone) {
  ::setenv("FERMATA_QEMU", "/nowhere/fermata-qemu", 1);
  try {
    static_cast<void>(find_fermata_qemu());
    FAIL() << "found";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("/nowhere/fermata-qemu"), std::string::npos);
  }
  ::unsetenv("FERMATA_QEMU");
}

}  // namespace
}  // namespace fermata::sim
