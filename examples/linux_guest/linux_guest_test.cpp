// SPDX-License-Identifier: MIT
#include "linux_guest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "fermata/base/error.hpp"

namespace linux_guest {
namespace {

using fermata::base::Error;
using fermata::base::ErrorCode;

// A file that is there stands for the kernel, the initramfs and fermata-qemu: nothing is started.
class LinuxGuest : public testing::Test {
 protected:
  LinuxGuest() { ::setenv("FERMATA_QEMU", "/bin/true", 1); }
  ~LinuxGuest() override { ::unsetenv("FERMATA_QEMU"); }

  Software software{.kernel = "/bin/true", .initramfs = "/bin/false", .made_by = "some_guest"};
};

TEST_F(LinuxGuest, IsBootedExactly) {
  EXPECT_EQ(command(software).arguments,
            (std::vector<std::string>{
                "/bin/true",
                "--add-missing",
                "--strict",
                "qemu-system-x86_64",
                "-M",
                "pc",
                "-cpu",
                "qemu64",
                "-m",
                "128",
                "-display",
                "none",
                "-nodefaults",
                "-no-reboot",
                "-kernel",
                "/bin/true",
                "-initrd",
                "/bin/false",
                "-append",
                "console=ttyS0 quiet panic=-1 cryptomgr.notests tsc=reliable tsc_early_khz=1000000 hpet=disable "
                "pmtmr=0",
                "-icount",
                "shift=3,sleep=off",
                "-rtc",
                "base=2026-01-01,clock=vm",
                "-seed",
                "1"}));
}

TEST_F(LinuxGuest, TakesAnotherQemuDevicesAndKernelOptions) {
  software.qemu = "/opt/qemu";
  software.kernel_options = "ipv6.disable=1";
  software.devices = {"-device", "e1000,netdev=net0"};
  const std::vector<std::string> arguments = command(software).arguments;
  EXPECT_EQ(arguments.at(3), "/opt/qemu");
  EXPECT_THAT(arguments, testing::Contains(testing::EndsWith(" pmtmr=0 ipv6.disable=1")));
  EXPECT_EQ(std::vector(arguments.end() - 2, arguments.end()), software.devices);
}

TEST_F(LinuxGuest, SaysWhatMakesAMissingFile) {
  for (std::string Software::*file : {&Software::kernel, &Software::initramfs}) {
    Software missing = software;
    missing.*file = "/nowhere/file";
    try {
      static_cast<void>(command(missing));
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::not_found);
      EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("no /nowhere/file"),
                                               testing::HasSubstr("build the target some_guest")));
    }
  }
}

}  // namespace
}  // namespace linux_guest
