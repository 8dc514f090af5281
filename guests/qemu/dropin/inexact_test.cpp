// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/inexact.hpp"

#include <gtest/gtest.h>

namespace fermata::qemu {
namespace {

// What is exact, and what is to be looked at behind it.
Inexact look(std::vector<std::string> more) {
  std::vector<std::string> arguments{"-nodefaults", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return find_inexact(arguments);
}

TEST(Inexact, NothingIsFoundInAnExactMachine) {
  EXPECT_EQ(look({}).findings, std::vector<std::string>{});
  EXPECT_EQ(look({"-icount", "3,sleep=off", "-device", "e1000,netdev=n0", "-serial", "chardev:c0", "-nic", "none",
                  "-drive", "if=none,file=snapshots.qcow2", "-drive", "if=pflash,file=code.fd"})
                .findings,
            std::vector<std::string>{});
}

TEST(Inexact, EachIsFoundWithItsOption) {
  const std::vector<std::vector<std::string>> cases = {
      {"-device", "virtio-net-pci,netdev=n0"},
      {"-device", "virtio-blk-device,drive=d0"},
      {"-device", "scsi-hd,drive=d0"},
      {"-device", "virtio-rng-pci"},
      {"-netdev", "user,id=n0"},
      {"-nic", "user"},
      {"-drive", "file=disk.img"},
      {"-hda", "disk.img"},
      {"-serial", "stdio"},
      {"-icount", "auto,sleep=off"},
      {"-device", R"({"driver":"virtio-net-pci","netdev":"n0"})"},
  };
  for (const auto& arguments : cases) {
    const auto findings = look(arguments).findings;
    ASSERT_EQ(findings.size(), 1U) << arguments[0] << ' ' << arguments[1];
    EXPECT_TRUE(findings[0].starts_with(arguments[0] + ' ' + arguments[1] + ": ")) << findings[0];
  }
}

TEST(Inexact, ACardOfTheMainThreadMakesItsBackendLate) {
  EXPECT_EQ(look({"-device", "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01"}).late, std::vector<std::string>{"n0"});
  EXPECT_EQ(look({"-device", "virtio-net-pci,netdev=n0,tx=timer,ioeventfd=off"}).late, std::vector<std::string>{});
  EXPECT_EQ(look({"-device", "virtio-net-pci,netdev=n0,tx=timer,ioeventfd=off"}).findings, std::vector<std::string>{});
}

TEST(Inexact, AnMmioSlotHasItsIoeventfdByAGlobal) {
  const std::vector<std::string> card{"-device", "virtio-net-device,netdev=n0,tx=timer"};
  EXPECT_EQ(look(card).late, std::vector<std::string>{"n0"});
  EXPECT_EQ(look({"-global", "virtio-mmio.ioeventfd=off", card[0], card[1]}).findings, std::vector<std::string>{});
}

TEST(Inexact, BareArgumentsAreDisks) { EXPECT_EQ(look({"disk.img"}).findings.size(), 1U); }

TEST(Inexact, AnotherDevicesGlobalDoesNotHelp) {
  EXPECT_EQ(look({"-global", "virtio-blk-pci.ioeventfd=off", "-device", "virtio-net-pci,netdev=n0,tx=timer"}).late,
            std::vector<std::string>{"n0"});
}

TEST(Inexact, WhatIsAbsentIsFoundToo) {
  EXPECT_EQ(find_inexact({}).findings.size(), 3U);  // network, date, seed
}

}  // namespace
}  // namespace fermata::qemu
