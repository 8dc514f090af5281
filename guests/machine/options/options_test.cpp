// SPDX-License-Identifier: MIT
#include "guests/machine/options/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::machine_program {
namespace {

using Arguments = std::vector<std::string>;
using Kind = SerialTarget::Kind;

TEST(Options, TheDefaultsAreOfAUsableMachine) {
  const Options options = parse_options({});
  EXPECT_EQ(options.memory_size, 128U << 20);
  EXPECT_EQ(options.harts, 1U);
  EXPECT_EQ(options.bios, "default");
  EXPECT_EQ(options.serials, (std::vector<SerialTarget>{{.kind = Kind::stdio}}));
  EXPECT_TRUE(options.does_reboot);
  EXPECT_TRUE(parse_options({"-nodefaults"}).serials.empty());
}

TEST(Options, ReadsTheCommandLinesOfSimulators) {
  const Options options = parse_options(
      {"-qqq", "sock=7",  "-M",   "virt", "-bios",    "none",    "-kernel",     "k.elf", "-display", "none", "-monitor",
       "none", "-serial", "null", "-rtc", "clock=vm", "-icount", "1,sleep=off", "-m",    "64K",      "-smp", "2"});
  EXPECT_EQ(options.link->endpoint.socket, 7);
  EXPECT_FALSE(options.link->is_exit_at_zero);
  EXPECT_EQ(options.icount->shift, 1U);
  EXPECT_EQ(options.icount->sleep, false);
  EXPECT_EQ(options.rtc->clock, "vm");
  EXPECT_EQ(options.kernel, "k.elf");
  EXPECT_EQ(options.memory_size, 65536U);
  EXPECT_EQ(options.harts, 2U);
  EXPECT_TRUE(parse_options({"-external_sim", "sock=7,zero=exit"}).link->is_exit_at_zero);
}

TEST(Options, ALinkCanBeRecorded) {
  EXPECT_EQ(parse_options({"-link", "memory=7,life=8"}).link->endpoint,
            (transport::Endpoint{.memory = 7, .life_socket = 8}));
  EXPECT_EQ(parse_options({"-link", "fd=7"}).link->record, "");
  EXPECT_EQ(parse_options({"-link", "fd=7,record=run.frec"}).link->record, "run.frec");
}

TEST(Options, BothNotationsOfSerialLinesAndDisks) {
  const Options plain = parse_options({"-serial", "unix:/a,server,nowait", "-serial", "file:b", "-drive", "file=d"});
  EXPECT_EQ(plain.serials,
            (std::vector<SerialTarget>{{.kind = Kind::unix_socket, .path = "/a", .is_server = true, .does_wait = false},
                                       {.kind = Kind::file, .path = "b"}}));
  ASSERT_EQ(plain.disks.size(), 1U);
  EXPECT_EQ(plain.disks[0].path, "d");

  const Options long_winded = parse_options(
      {"-chardev", "socket,id=c,path=/a,server=on,wait=off", "-device", "virtio-serial-device", "-device",
       "virtconsole,chardev=c", "-drive", "if=none,id=x,file=d,readonly=on", "-drive", "if=none,id=y,file=e", "-device",
       "virtio-blk-device,drive=y", "-device", "virtio-blk-device,drive=x"});
  ASSERT_EQ(long_winded.serials.size(), 2U);
  EXPECT_EQ(long_winded.serials[0].kind, Kind::stdio);
  EXPECT_EQ(long_winded.serials[1].path, "/a");
  ASSERT_EQ(long_winded.disks.size(), 2U);
  EXPECT_EQ(long_winded.disks[0].path, "e") << "in the order of the devices";
  EXPECT_TRUE(long_winded.disks[1].is_read_only);
}

TEST(Options, TheLinkHasLinesAndWindows) {
  const Options options = parse_options({"-link", "fd=5,lines=13:20,windows=adc@0x30000000+4K:dac@805306368+16"});
  EXPECT_EQ(options.link->lines, (std::vector<unsigned>{13, 20}));
  EXPECT_EQ(options.link->windows, (std::vector<WindowOption>{{.name = "adc", .base = 0x3000'0000, .size = 4096},
                                                              {.name = "dac", .base = 0x3000'0000, .size = 16}}));
  EXPECT_TRUE(parse_options({"-link", "fd=5"}).link->windows.empty());
  EXPECT_TRUE(parse_options({"-link", "fd=5"}).link->dma.empty());
  EXPECT_EQ(parse_options({"-link", "fd=5,dma=memory:more"}).link->dma, (std::vector<std::string>{"memory", "more"}));
}

TEST(Options, NetworkCardsHaveAddresses) {
  EXPECT_TRUE(parse_options({"-nic", "none"}).networks.empty());
  const Options options =
      parse_options({"-device", "virtio-net-device", "-device", "virtio-net-device,mac=02:00:00:00:00:AA,id=n1",
                     "-device", "virtio-net-device,mac=52:54:00:12:34:57", "-device", "virtio-net-device,id=n3"});
  std::vector<std::string> addresses;
  for (const device::MacAddress& address : options.networks) {
    addresses.push_back(to_string(address));
  }
  EXPECT_EQ(addresses, (std::vector<std::string>{"52:54:00:12:34:56", "02:00:00:00:00:aa", "52:54:00:12:34:57",
                                                 "52:54:00:12:34:58"}))
      << "no default one twice";
}

TEST(Options, TheLoaderAndTheLog) {
  const Options options =
      parse_options({"-device", "loader,addr=0x80100000,data=5000,data-len=8", "-device",
                     "loader,file=x.bin,addr=0x80200000,force-raw=on", "-d", "int,drift", "-D", "f"});
  ASSERT_EQ(options.loaders.size(), 2U);
  EXPECT_EQ(options.loaders[0].address, 0x80100000U);
  EXPECT_EQ(options.loaders[0].data, 5000U);
  EXPECT_TRUE(options.loaders[1].is_raw);
  EXPECT_TRUE(options.log.interrupts);
  EXPECT_TRUE(options.log.drift);
  EXPECT_FALSE(options.log.executed);
  EXPECT_EQ(options.log.file, "f");
}

struct Wrong {
  Arguments arguments;
  std::string complaint;
};

TEST(Options, WhatIsWrongIsNamed) {
  const std::vector<Wrong> wrong{
      {{"-frobnicate", "1"}, "-frobnicate: there is no such option here"},
      {{"-kernel"}, "-kernel: it is unknown, or lacks its value"},
      {{"disk.img"}, "\"disk.img\": an option was expected"},
      {{"-m", "lots"}, "-m: \"lots\" is no size"},
      {{"-smp", "9"}, "1 to 8 harts"},
      {{"-smp", "0"}, "1 to 8 harts"},
      {{"-M", "sifive_u"}, "-machine sifive_u: this machine has virt only"},
      {{"-cpu", "cortex-a57"}, "this machine has rv64 only"},
      {{"-accel", "kvm"}, "this machine has tcg only"},
      {{"-icount", "11"}, "from 0 to 10, or auto"},
      {{"-icount", "3,rr=record"}, "-icount rr"},
      {{"-icount", "auto,align=on"}, "align=on goes with a fixed shift"},
      {{"-icount", "3,sleep=off,align=on"}, "align=on goes with a fixed shift"},
      {{"-rtc", "clock=sundial"}, "it is host, rt or vm"},
      {{"-qqq", "sock"}, "is no number"},
      {{"-qqq", "zero=exit"}, "sock=N is needed"},
      {{"-qqq", "sock=5,zero=often"}, "it is answer or exit"},
      {{"-link", "fd"}, "is no number"},
      {{"-link", "speed=5"}, "-link"},
      {{"-link", "fd=5,windows=adc"}, "-link windows=adc: NAME@BASE+SIZE is needed"},
      {{"-link", "fd=5,windows=adc+4K@0"}, "NAME@BASE+SIZE is needed"},
      {{"-link", "fd=5,windows=adc@here+4K"}, "-link windows: \"here\" is no number"},
      {{"-link", "fd=5,windows=adc@0x30000000+much"}, "-link windows: \"much\" is no size"},
      {{"-link", "fd=5,path=x"}, "one of these is needed: fd=N"},
      {{"-link", "memory=7"}, "memory=M and life=L go together"},
      {{"-link", "path="}, "one of these is needed: fd=N"},
      {{"-link", "fd=5", "-qqq", "sock=6"}, "one simulator only"},
      {{"-serial", "pty"}, "possible are stdio, null, none, file:PATH and unix:PATH"},
      {{"-serial", "null", "-serial", "null", "-serial", "null"}, "two serial lines"},
      {{"-serial", "stdio", "-serial", "mon:stdio"}, "one serial line only"},
      {{"-drive", "format=raw"}, "a file= is needed"},
      {{"-drive", "file=d,format=qcow2"}, "only raw images"},
      {{"-drive", "file=d,if=ide"}, "it is virtio, or none"},
      {{"-device", "virtio-blk-device,drive=x"}, "no -drive if=none has this id"},
      {{"-device", "virtconsole,chardev=x"}, "no -chardev has this id"},
      {{"-device", "e1000"}, "possible are virtio-blk-device"},
      {{"-nic", "user"}, "-nic user: this machine has none only"},
      {{"-netdev", "user,id=n0"}, "-netdev user,id=n0: the host's network cannot be reached from here"},
      {{"-device", "virtio-net-device,netdev=n0"}, "leave netdev= out"},
      {{"-device", "virtio-net-device,mac=52:54"}, "mac=52:54: it is six bytes such as 52:54:00:12:34:56"},
      {{"-device", "virtio-net-device,mac=33:33:00:00:00:01"}, "the address of a group"},
      {{"-device", "virtio-net-device,mtu=9000"}, "no \"mtu\" is known here; possible: driver, mac, id"},
      {{"-device", "virtio-net-pci"}, "possible are virtio-blk-device, virtio-net-device"},
      {{"-device", "loader,addr=5"}, "data= with data-len=, or file="},
      {{"-device", "loader,addr=5,data=1,data-len=9"}, "from 1 to 8"},
      {{"-d", "everything"}, "possible: int, guest_errors, exec, drift"},
      {{"-seed", "x"}, "-seed: \"x\" is no number"},
  };
  for (const Wrong& one : wrong) {
    try {
      static_cast<void>(parse_options(one.arguments));
      ADD_FAILURE() << ::testing::PrintToString(one.arguments) << " was accepted";
    } catch (const base::BadArgument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(one.complaint));
    }
  }
}

}  // namespace
}  // namespace fermata::machine_program
