// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/device_tree.hpp"

#include <fmt/format.h>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/machine/board_map.hpp"
#include "fermata/machine/boot/fdt_writer.hpp"

namespace fermata::machine::boot {
namespace {

constexpr std::size_t longest_bootargs = std::size_t{64} * 1024;

// Cause numbers of a hart's interrupts (privileged specification, table of mcause).
constexpr std::uint32_t machine_software = 3;
constexpr std::uint32_t machine_timer = 7;
constexpr std::uint32_t supervisor_external = 9;
constexpr std::uint32_t machine_external = 11;

// Numbers by which nodes name each other.
struct Handles {
  unsigned harts;
  [[nodiscard]] static std::uint32_t hart(unsigned index) { return 2 * index + 1; }
  [[nodiscard]] static std::uint32_t hart_irqs(unsigned index) { return 2 * index + 2; }
  [[nodiscard]] std::uint32_t plic() const { return 2 * harts + 1; }
  [[nodiscard]] std::uint32_t test_finisher() const { return 2 * harts + 2; }
};

std::string at(std::string_view name, bus::Address address) { return fmt::format("{}@{:x}", name, address); }

void begin_device(FdtWriter& tree, std::string_view name, const bus::AddressRange& range) {
  tree.begin_node(at(name, range.begin));
  tree.wide("reg", {range.begin, range.size});
}

void interrupt(FdtWriter& tree, const Handles& handles, unsigned source) {
  tree.cell("interrupt-parent", handles.plic());
  tree.cell("interrupts", source);
}

void write_chosen(FdtWriter& tree, const DeviceTreeOptions& options) {
  tree.begin_node("chosen");
  tree.text("stdout-path", "/soc/" + at("serial", board_map::uart.begin));
  if (!options.bootargs.empty()) {
    tree.text("bootargs", options.bootargs);
  }
  if (options.initrd) {
    tree.wide("linux,initrd-start", {options.initrd->begin});
    tree.wide("linux,initrd-end", {options.initrd->begin + options.initrd->size});
  }
  if (options.rng_seed) {
    std::vector<std::byte> seed;  // 32 bytes, each word derived from the one before (Knuth's MMIX constants)
    std::uint64_t state = *options.rng_seed;
    for (int i = 0; i < 32; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      seed.push_back(static_cast<std::byte>(state >> 56));
    }
    tree.bytes("rng-seed", seed);
  }
  tree.end_node();
}

void write_hart(FdtWriter& tree, unsigned index) {
  tree.begin_node(at("cpu", index));
  tree.cell("phandle", Handles::hart(index));
  tree.text("device_type", "cpu");
  tree.cell("reg", index);
  tree.text("status", "okay");
  tree.text("compatible", "riscv");
  tree.text("riscv,isa", "rv64imafdc_zicsr_zifencei");
  tree.text("mmu-type", "riscv,sv48");
  tree.begin_node("interrupt-controller");
  tree.cell("#interrupt-cells", 1);
  tree.flag("interrupt-controller");
  tree.text("compatible", "riscv,cpu-intc");
  tree.cell("phandle", Handles::hart_irqs(index));
  tree.end_node();
  tree.end_node();
}

void write_harts(FdtWriter& tree, unsigned harts) {
  tree.begin_node("cpus");
  tree.cell("#address-cells", 1);
  tree.cell("#size-cells", 0);
  tree.cell("timebase-frequency", board_map::timebase_hz);
  for (unsigned i = 0; i < harts; ++i) {
    write_hart(tree, i);
  }
  tree.begin_node("cpu-map");
  tree.begin_node("cluster0");
  for (unsigned i = 0; i < harts; ++i) {
    tree.begin_node(fmt::format("core{}", i));
    tree.cell("cpu", Handles::hart(i));
    tree.end_node();
  }
  tree.end_node();
  tree.end_node();
  tree.end_node();
}

// Pairs of hart and cause: which interrupts of which harts a controller drives.
std::vector<std::uint32_t> hart_interrupts(unsigned harts, std::uint32_t first, std::uint32_t second) {
  std::vector<std::uint32_t> cells;
  for (unsigned i = 0; i < harts; ++i) {
    cells.insert(cells.end(), {Handles::hart_irqs(i), first, Handles::hart_irqs(i), second});
  }
  return cells;
}

void write_interrupt_controllers(FdtWriter& tree, const Handles& handles) {
  begin_device(tree, "clint", board_map::aclint);
  tree.texts("compatible", {"sifive,clint0", "riscv,clint0"});
  tree.cells("interrupts-extended", hart_interrupts(handles.harts, machine_software, machine_timer));
  tree.end_node();

  begin_device(tree, "plic", board_map::plic);
  tree.texts("compatible", {"sifive,plic-1.0.0", "riscv,plic0"});
  tree.cell("phandle", handles.plic());
  tree.cell("#address-cells", 0);
  tree.cell("#interrupt-cells", 1);
  tree.flag("interrupt-controller");
  tree.cell("riscv,ndev", board_map::plic_sources);
  tree.cells("interrupts-extended", hart_interrupts(handles.harts, machine_external, supervisor_external));
  tree.end_node();
}

void write_devices(FdtWriter& tree, const Handles& handles) {
  begin_device(tree, "test", board_map::test_finisher);
  tree.texts("compatible", {"sifive,test1", "sifive,test0", "syscon"});
  tree.cell("phandle", handles.test_finisher());
  tree.end_node();

  begin_device(tree, "rtc", board_map::rtc);
  tree.text("compatible", "google,goldfish-rtc");
  interrupt(tree, handles, board_map::rtc_source);
  tree.end_node();

  begin_device(tree, "serial", board_map::uart);
  tree.text("compatible", "ns16550a");
  tree.cell("clock-frequency", board_map::uart_clock_hz);
  interrupt(tree, handles, board_map::uart_source);
  tree.end_node();

  for (unsigned slot = 0; slot < board_map::virtio_slots; ++slot) {
    begin_device(tree, "virtio_mmio", board_map::virtio(slot));
    tree.text("compatible", "virtio,mmio");
    interrupt(tree, handles, board_map::virtio_source + slot);
    tree.end_node();
  }

  begin_device(tree, "timer", board_map::tick_timer);
  tree.text("compatible", "fermata,tick-timer");
  tree.cell("clock-frequency", 1'000'000);
  interrupt(tree, handles, board_map::tick_timer_source);
  tree.end_node();
}

// Linux and U-Boot switch the machine off and reset it through these (syscon-poweroff, syscon-reboot bindings).
void write_switch(FdtWriter& tree, const char* name, std::uint32_t value, const Handles& handles) {
  tree.begin_node(name);
  tree.text("compatible", fmt::format("syscon-{}", name));
  tree.cell("regmap", handles.test_finisher());
  tree.cell("offset", 0);
  tree.cell("value", value);
  tree.end_node();
}

}  // namespace

std::vector<std::byte> make_device_tree(const DeviceTreeOptions& options) {
  base::expects(options.harts >= 1 && options.harts <= board_map::max_harts, "make_device_tree: 1 to 8 harts");
  if (options.bootargs.size() > longest_bootargs) {
    throw base::BadArgument(
        fmt::format("bootargs of {} bytes; at most {} are possible", options.bootargs.size(), longest_bootargs));
  }
  const Handles handles{options.harts};
  FdtWriter tree(options.bootargs.size() + 16384);
  tree.begin_node("");
  tree.cell("#address-cells", 2);
  tree.cell("#size-cells", 2);
  tree.text("compatible", "riscv-virtio");
  tree.text("model", "riscv-virtio,fermata");
  write_chosen(tree, options);
  tree.begin_node(at("memory", board_map::ram_begin));
  tree.text("device_type", "memory");
  tree.wide("reg", {board_map::ram_begin, options.ram_size});
  tree.end_node();
  write_harts(tree, options.harts);
  tree.begin_node("soc");
  tree.cell("#address-cells", 2);
  tree.cell("#size-cells", 2);
  tree.text("compatible", "simple-bus");
  tree.flag("ranges");
  write_interrupt_controllers(tree, handles);
  write_devices(tree, handles);
  tree.end_node();
  write_switch(tree, "poweroff", 0x5555, handles);
  write_switch(tree, "reboot", 0x7777, handles);
  tree.end_node();
  return tree.finish();
}

}  // namespace fermata::machine::boot
