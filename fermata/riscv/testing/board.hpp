// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "fermata/bus/address_space.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/riscv/hart.hpp"
#include "fermata/riscv/testing/assembler.hpp"

namespace fermata::riscv::testing {

/// A window that tells what is done to it.
class Probe final : public bus::Window {
 public:
  std::uint64_t read(bus::Address offset, unsigned size) override {
    return on_read ? on_read(offset, size) : offset + size;
  }
  void write(bus::Address offset, unsigned size, std::uint64_t value) override {
    if (on_write) {
      on_write(offset, size, value);
    }
  }
  [[nodiscard]] bus::AccessRules rules() const override { return access_rules; }
  bus::AccessRules access_rules;
  std::function<std::uint64_t(bus::Address, unsigned)> on_read;
  std::function<void(bus::Address, unsigned, std::uint64_t)> on_write;
};

/// Remembers the traps.
class TrapLog final : public HartObserver {
 public:
  void trapped(std::uint64_t /*hart*/, const Trap& trap) override { traps.push_back(trap); }
  std::vector<Trap> traps;
};

/// RAM, a ROM, a probe, and a hart that starts at the beginning of RAM in machine mode, with mtvec at `handler`.
class Board {
 public:
  static constexpr std::uint64_t ram_begin = 0x8000'0000;
  static constexpr std::uint64_t ram_size = 0x10'0000;
  static constexpr std::uint64_t data = ram_begin + 0x1'0000;     ///< far from the code
  static constexpr std::uint64_t handler = ram_begin + 0x2'0000;  ///< of traps; there is an endless loop
  static constexpr std::uint64_t rom_begin = 0x1000;
  static constexpr std::uint64_t probe_begin = 0x1000'0000;
  static constexpr std::uint64_t nowhere = 0x4000'0000;

  explicit Board(std::uint64_t id = 0)
      : hart({.id = id}, {.memory = &memory,
                          .time = &time,
                          .code = &code,
                          .read_mtime = [this] { return mtime(); },
                          .observer = &log}) {
    memory.map(rom_begin, rom);
    memory.map({probe_begin, 0x1000}, probe, "probe");
    memory.map(ram_begin, ram);
    put(handler, {jal(0, 0)});
    hart.reset(ram_begin);
    execute({csrrw(0, 0x305, a0)}, {{a0, handler}});
    hart.set_x(a0, 0);
    hart.set_pc(ram_begin);
  }

  /// mtime of a 1 GHz clock, so that each instruction shows.
  [[nodiscard]] std::uint64_t mtime() const { return static_cast<std::uint64_t>(time.now().since_origin().ns()); }

  /// Puts instructions into memory, as a device would write them; a value below 0x10000 that is a compressed one takes
  /// 2 bytes. Returns the address behind them.
  std::uint64_t put(std::uint64_t at, std::span<const Bits> program) {
    for (const Bits bits : program) {
      const unsigned size = (bits & 3) == 3 ? 4 : 2;
      (void)memory.copy_to(at, std::as_bytes(std::span(&bits, 1)).first(size));
      at += size;
    }
    return at;
  }
  std::uint64_t put(std::uint64_t at, std::initializer_list<Bits> program) {
    return put(at, std::span(program.begin(), program.size()));
  }

  struct Value {
    Reg reg;
    std::uint64_t value;
  };
  /// Sets registers, puts the instructions where the pc is, and runs as many as there are.
  RunResult execute(std::initializer_list<Bits> program, std::initializer_list<Value> values = {}) {
    for (const Value& value : values) {
      hart.set_x(value.reg, value.value);
    }
    put(hart.pc(), program);
    return hart.run(program.size());
  }
  /// The result of one instruction that has a2 = f(a0, a1).
  std::uint64_t compute(Bits instruction, std::uint64_t in_a0, std::uint64_t in_a1 = 0) {
    hart.set_pc(ram_begin);
    execute({instruction}, {{a0, in_a0}, {a1, in_a1}});
    return hart.x(a2);
  }

  void set_csr(unsigned number, std::uint64_t value) {
    const std::uint64_t pc = hart.pc();
    const std::uint64_t saved = hart.x(t0);
    execute({csrrw(0, number, t0)}, {{t0, value}});
    hart.set_x(t0, saved);
    hart.set_pc(pc);
  }
  [[nodiscard]] std::uint64_t csr(unsigned number) { return hart.csr(number).value(); }

  /// Goes to a less privileged mode, at `pc`; machine mode only.
  void go_to(Privilege privilege, std::uint64_t pc) {
    set_csr(0x300, (csr(0x300) & ~std::uint64_t{3 << 11}) | static_cast<std::uint64_t>(privilege) << 11);
    set_csr(0x341, pc);
    execute({mret});
  }
  /// PMP that lets every mode do everything.
  void open_pmp() {
    set_csr(0x3b0, ~std::uint64_t{0});
    set_csr(0x3a0, 0x1f);
  }

  template <class T>
  void poke(std::uint64_t at, T value) {
    (void)memory.copy_to(at, std::as_bytes(std::span(&value, 1)));
  }
  template <class T>
  [[nodiscard]] T peek(std::uint64_t at) const {
    T value{};
    (void)memory.copy_from(at, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  bus::AddressSpace memory;
  bus::Ram ram{"ram", ram_size};
  bus::Ram rom{"rom", 0x1000, false};
  Probe probe;
  clock::InstructionTime time{0};
  CodeCache code{memory};
  TrapLog log;
  Hart hart;
};

}  // namespace fermata::riscv::testing
