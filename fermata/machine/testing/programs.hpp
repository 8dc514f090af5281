// SPDX-License-Identifier: MIT
//
// Small machine-mode programs for the tests, as instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/riscv/testing/assembler.hpp"
#include "fermata/time/instant.hpp"

namespace fermata::machine::testing {

using namespace riscv::testing;
using Program = std::vector<std::uint32_t>;

constexpr riscv::testing::Reg s0 = 8;
constexpr riscv::testing::Reg s1 = 9;

// Machine-mode CSRs (privileged specification).
constexpr std::uint32_t mie = 0x304;
constexpr std::uint32_t mtvec = 0x305;
constexpr std::uint32_t mhartid = 0xf14;

constexpr std::uint32_t uart = 0x10000000;
constexpr std::uint32_t finisher = 0x100000;
constexpr std::uint32_t mtime = 0x200bff8;
constexpr std::uint32_t mtimecmp = 0x2004000;
constexpr std::uint32_t plic = 0xc000000;
constexpr std::uint32_t data = 0x10000;  // from the beginning of RAM

// lui and addi; for values whose bit 31 is clear.
inline void load_immediate(Program& program, std::uint32_t rd, std::uint32_t value) {
  program.push_back(lui(rd, value + 0x800));
  program.push_back(addi(rd, rd, static_cast<std::int32_t>(value & 0xfff)));
}

inline void send(Program& program, char c) {
  load_immediate(program, t0, uart);
  program.push_back(addi(t1, zero, c));
  program.push_back(sb(t1, t0, 0));
}

inline void wait_in_loop(Program& program) {
  program.push_back(wfi);
  program.push_back(jal(zero, -4));
}

inline std::int32_t back_to(const Program& program, std::size_t index) {
  return (static_cast<std::int32_t>(index) - static_cast<std::int32_t>(program.size())) * 4;
}

// s0 = next deadline, s1 = period in ticks, t2 = mtimecmp; the timer interrupt ends a WFI.
inline void start_ticks(Program& program, time::Duration period) {
  load_immediate(program, t0, mtime);
  program.push_back(ld(s0, t0, 0));
  load_immediate(program, s1, static_cast<std::uint32_t>(period.ns() / 100));
  load_immediate(program, t2, mtimecmp);
  program.push_back(add(s0, s0, s1));
  program.push_back(sd(s0, t2, 0));
  program.push_back(addi(t1, zero, 1 << 7));
  program.push_back(csrrs(zero, mie, t1));
}

inline void next_tick(Program& program) {
  program.push_back(wfi);
  program.push_back(add(s0, s0, s1));
  program.push_back(sd(s0, t2, 0));
}

/// Loaded at the beginning of RAM, entered by the reset vector.
inline std::shared_ptr<const boot::BootPlan> plan_of(const Program& program, unsigned harts = 1,
                                                     std::uint64_t ram_size = 1 << 20) {
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (const std::uint32_t instruction : program) {
    for (const unsigned shift : {0U, 8U, 16U, 24U}) {
      bytes->push_back(static_cast<std::byte>(instruction >> shift));
    }
  }
  return boot::plan_boot({.kernel = {{.name = "program", .bytes = std::move(bytes)}}}, ram_size, harts);
}

/// `j .`
inline Program endless_loop() { return {jal(zero, 0)}; }

/// WFI in a loop, no interrupt enabled.
inline Program wait_for_ever() {
  Program program;
  wait_in_loop(program);
  return program;
}

/// An EBREAK whose handler cannot be fetched: no further instruction is ever executed.
inline Program trap_for_ever() { return {csrrw(zero, mtvec, zero), ebreak}; }

/// Sends text over the UART, then waits for ever.
inline Program print(std::string_view text) {
  Program program;
  for (const char c : text) {
    send(program, c);
  }
  wait_in_loop(program);
  return program;
}

/// Stores 32 bits, then waits for ever.
inline Program store_word(std::uint32_t at, std::uint32_t value) {
  Program program;
  load_immediate(program, t0, at);
  load_immediate(program, t1, value);
  program.push_back(sw(t1, t0, 0));
  wait_in_loop(program);
  return program;
}

/// Writes this to the test finisher.
inline Program finish(std::uint32_t command) { return store_word(finisher, command); }

/// Sends '.' over the UART every `period` (a multiple of 100 ns), by ACLINT timer and WFI.
inline Program tick_every(time::Duration period) {
  Program program;
  start_ticks(program, period);
  const std::size_t loop = program.size();
  next_tick(program);
  send(program, '.');
  program.push_back(jal(zero, back_to(program, loop)));
  return program;
}

/// Sends back what it receives by interrupt.
inline Program echo() {
  Program program;
  load_immediate(program, t0, plic);
  program.push_back(addi(t1, zero, 1));
  program.push_back(sw(t1, t0, 4 * 10));  // priority of source 10
  load_immediate(program, t0, plic + 0x2000);
  program.push_back(addi(t1, zero, 1 << 10));
  program.push_back(sw(t1, t0, 0));
  load_immediate(program, t0, uart);
  program.push_back(addi(t1, zero, 1));
  program.push_back(sb(t1, t0, 1));  // interrupt on reception
  load_immediate(program, t1, 1 << 11);
  program.push_back(csrrs(zero, mie, t1));
  load_immediate(program, t2, plic + 0x200000);
  const std::size_t loop = program.size();
  program.push_back(lbu(a0, t0, 5));
  program.push_back(i_type(1, a0, 7, a0, 0x13));  // andi: data ready
  program.push_back(bne(a0, zero, 5 * 4));
  program.push_back(wfi);
  program.push_back(lw(a0, t2, 4));
  program.push_back(sw(a0, t2, 4));
  program.push_back(jal(zero, back_to(program, loop)));
  program.push_back(lbu(a0, t0, 0));
  program.push_back(sb(a0, t0, 0));
  program.push_back(jal(zero, back_to(program, loop)));
  return program;
}

/// Each hart counts in a word of its own at RAM + 0x10000 + 64 * hart and hart 0 sends, at each tick of `period`, the
/// low digit of hart 1's count.
inline Program compare_harts(time::Duration period) {
  Program program;
  program.push_back(auipc(a0, data));
  program.push_back(csrrs(t0, mhartid, zero));
  program.push_back(beq(t0, zero, 4 * 4));
  // hart 1 and above: count
  program.push_back(ld(t1, a0, 64));
  program.push_back(addi(t1, t1, 1));
  program.push_back(sd(t1, a0, 64));
  const std::size_t count = 3;
  program.push_back(jal(zero, back_to(program, count)));
  program[2] = beq(t0, zero, static_cast<std::int32_t>((program.size() - 2) * 4));
  start_ticks(program, period);
  const std::size_t loop = program.size();
  next_tick(program);
  load_immediate(program, t0, uart);
  program.push_back(ld(t1, a0, 64));
  program.push_back(i_type(7, t1, 7, t1, 0x13));  // andi
  program.push_back(addi(t1, t1, '0'));
  program.push_back(sb(t1, t0, 0));
  program.push_back(jal(zero, back_to(program, loop)));
  return program;
}

}  // namespace fermata::machine::testing
