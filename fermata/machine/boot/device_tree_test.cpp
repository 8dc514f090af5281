// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/device_tree.hpp"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <string>

#include "fermata/base/error.hpp"
#include "fermata/machine/board_map.hpp"

namespace fermata::machine::boot {
namespace {

// Reads the tree as a kernel does.
class Tree {
 public:
  explicit Tree(const DeviceTreeOptions& options) : bytes_(make_device_tree(options)) {
    EXPECT_EQ(fdt_check_full(bytes_.data(), bytes_.size()), 0);
  }
  [[nodiscard]] bool has(const std::string& path) const { return fdt_path_offset(bytes_.data(), path.c_str()) >= 0; }
  [[nodiscard]] std::vector<std::uint32_t> cells(const std::string& path, const char* property) const {
    int length = 0;
    const auto* value = static_cast<const fdt32_t*>(
        fdt_getprop(bytes_.data(), fdt_path_offset(bytes_.data(), path.c_str()), property, &length));
    std::vector<std::uint32_t> cells;
    for (int i = 0; i < length / 4; ++i) {
      cells.push_back(fdt32_ld(value + i));
    }
    return cells;
  }
  [[nodiscard]] std::string text(const std::string& path, const char* property) const {
    const char* value =
        fdt_stringlist_get(bytes_.data(), fdt_path_offset(bytes_.data(), path.c_str()), property, 0, nullptr);
    return value != nullptr ? value : "(none)";
  }
  // The path of the node that a handle names.
  [[nodiscard]] std::string path_of(std::uint32_t handle) const {
    char path[128];
    const int node = fdt_node_offset_by_phandle(bytes_.data(), handle);
    return node >= 0 && fdt_get_path(bytes_.data(), node, path, sizeof path) == 0 ? path : "(none)";
  }

 private:
  std::vector<std::byte> bytes_;
};

using Cells = std::vector<std::uint32_t>;

TEST(DeviceTree, TellsMemoryAndHarts) {
  const Tree tree({.harts = 2, .ram_size = 0x1'4000'0000});
  EXPECT_EQ(tree.cells("/memory@80000000", "reg"), (Cells{0, 0x80000000, 1, 0x40000000}));
  EXPECT_EQ(tree.cells("/cpus", "timebase-frequency"), Cells{10000000});
  EXPECT_EQ(tree.text("/cpus/cpu@1", "riscv,isa"), "rv64imafdc_zicsr_zifencei");
  EXPECT_EQ(tree.text("/cpus/cpu@1", "mmu-type"), "riscv,sv48");
  EXPECT_TRUE(tree.has("/cpus/cpu-map/cluster0/core1"));
  EXPECT_FALSE(tree.has("/cpus/cpu@2"));
}

TEST(DeviceTree, EveryInterruptLeadsToItsController) {
  const Tree tree({.harts = 8, .ram_size = 1 << 27});
  for (const char* device : {"serial@10000000", "rtc@101000", "timer@10200000", "virtio_mmio@10008000"}) {
    const std::string path = std::string("/soc/") + device;
    ASSERT_EQ(tree.cells(path, "interrupt-parent").size(), 1U) << path;
    EXPECT_EQ(tree.path_of(tree.cells(path, "interrupt-parent")[0]), "/soc/plic@c000000");
  }
  EXPECT_EQ(tree.cells("/soc/serial@10000000", "interrupts"), Cells{10});
  EXPECT_EQ(tree.cells("/soc/rtc@101000", "interrupts"), Cells{11});
  EXPECT_EQ(tree.cells("/soc/timer@10200000", "interrupts"), Cells{12});
  EXPECT_EQ(tree.cells("/soc/virtio_mmio@10001000", "interrupts"), Cells{1});
  EXPECT_EQ(tree.cells("/soc/virtio_mmio@10008000", "interrupts"), Cells{8});

  const Cells plic = tree.cells("/soc/plic@c000000", "interrupts-extended");
  const Cells clint = tree.cells("/soc/clint@2000000", "interrupts-extended");
  ASSERT_EQ(plic.size(), 32U);
  ASSERT_EQ(clint.size(), 32U);
  for (unsigned hart = 0; hart < 8; ++hart) {
    const std::string controller = "/cpus/cpu@" + std::to_string(hart) + "/interrupt-controller";
    EXPECT_EQ(tree.path_of(plic[hart * 4]), controller);
    EXPECT_EQ(Cells({plic[hart * 4 + 1], plic[hart * 4 + 3]}), (Cells{11, 9}));
    EXPECT_EQ(tree.path_of(clint[hart * 4 + 2]), controller);
    EXPECT_EQ(Cells({clint[hart * 4 + 1], clint[hart * 4 + 3]}), (Cells{3, 7}));
  }
}

TEST(DeviceTree, PowerOffAndResetGoThroughTheFinisher) {
  const Tree tree({.harts = 1, .ram_size = 1 << 27});
  EXPECT_EQ(tree.cells("/poweroff", "value"), Cells{0x5555});
  EXPECT_EQ(tree.cells("/reboot", "value"), Cells{0x7777});
  EXPECT_EQ(tree.path_of(tree.cells("/reboot", "regmap").at(0)), "/soc/test@100000");
}

TEST(DeviceTree, ChosenHasWhatWasChosen) {
  const Tree bare({.harts = 1, .ram_size = 1 << 27});
  EXPECT_EQ(bare.text("/chosen", "stdout-path"), "/soc/serial@10000000");
  EXPECT_EQ(bare.text("/chosen", "bootargs"), "(none)");
  EXPECT_TRUE(bare.cells("/chosen", "linux,initrd-start").empty());
  EXPECT_TRUE(bare.cells("/chosen", "rng-seed").empty());

  const Tree full({.harts = 1,
                   .ram_size = 1 << 27,
                   .bootargs = "console=ttyS0",
                   .initrd = bus::AddressRange{.begin = 0x84000000, .size = 0x1234},
                   .rng_seed = 1});
  EXPECT_EQ(full.text("/chosen", "bootargs"), "console=ttyS0");
  EXPECT_EQ(full.cells("/chosen", "linux,initrd-start"), (Cells{0, 0x84000000}));
  EXPECT_EQ(full.cells("/chosen", "linux,initrd-end"), (Cells{0, 0x84001234}));
  EXPECT_EQ(full.cells("/chosen", "rng-seed").size(), 8U);
}

TEST(DeviceTree, IsTheSameEveryTimeAndDiffersBySeed) {
  DeviceTreeOptions options{.harts = 2, .ram_size = 1 << 27, .rng_seed = 1};
  const auto first = make_device_tree(options);
  EXPECT_EQ(make_device_tree(options), first);
  options.rng_seed = 2;
  EXPECT_NE(make_device_tree(options), first);
}

TEST(DeviceTree, ALongCommandLineFitsAndATooLongOneIsRefused) {
  const std::string longest(65536, 'x');
  EXPECT_EQ(Tree({.harts = 8, .ram_size = 1 << 27, .bootargs = longest}).text("/chosen", "bootargs"), longest);
  EXPECT_THROW(static_cast<void>(make_device_tree({.harts = 1, .ram_size = 1 << 27, .bootargs = longest + "x"})),
               base::BadArgument);
}

TEST(DeviceTreeDeathTest, NoHartsAreAProgrammingError) {
  EXPECT_DEATH(static_cast<void>(make_device_tree({.harts = 0})), "1 to 8 harts");
}

}  // namespace
}  // namespace fermata::machine::boot
