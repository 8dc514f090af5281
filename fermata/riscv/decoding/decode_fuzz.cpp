// SPDX-License-Identifier: MIT
// libFuzzer target: any bits as instructions. What they decode to is in range, and depends on the bits that belong to
// the instruction and on nothing else.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fermata/riscv/decoding/compressed.hpp"
#include "fermata/riscv/decoding/decode.hpp"

using namespace fermata::riscv::decoding;

namespace {

void expect(bool condition) {
  if (!condition) {
    std::abort();
  }
}

// Where a branch or a jump may lead, and what a shift, a CSR or any other immediate may be.
bool is_in_range(const Instruction& instruction) {
  const std::int32_t value = instruction.immediate;
  const auto is_signed = [value](unsigned bits) { return value >= -(1 << (bits - 1)) && value < 1 << (bits - 1); };
  switch (instruction.opcode) {
    using enum Opcode;
    case lui:
    case auipc: return (value & 0xfff) == 0;
    case jal: return is_signed(21) && value % 2 == 0;
    case beq:
    case bne:
    case blt:
    case bge:
    case bltu:
    case bgeu: return is_signed(13) && value % 2 == 0;
    case slli:
    case srli:
    case srai: return value >= 0 && value < 64;
    case slliw:
    case srliw:
    case sraiw: return value >= 0 && value < 32;
    case csrrw:
    case csrrs:
    case csrrc:
    case csrrwi:
    case csrrsi:
    case csrrci: return value >= 0 && value < 4096;
    default: return is_signed(12);
  }
}

void check(std::uint32_t bits) {
  const Instruction instruction = decode(bits);
  expect(static_cast<std::size_t>(instruction.opcode) < opcode_count);
  expect(instruction.length == length_of(bits));
  expect(instruction.rd < 32 && instruction.rs1 < 32 && instruction.rs2 < 32 && instruction.rs3 < 32);
  expect(instruction.rounding < 8);
  expect(is_in_range(instruction));
  if (instruction.opcode == Opcode::illegal) {
    expect(instruction == Instruction{.length = instruction.length});
  }
  if (instruction.length == 2) {
    expect(instruction == expand(static_cast<std::uint16_t>(bits)));
    expect(instruction == decode(bits ^ 0xffff'0000));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (; size >= sizeof(std::uint32_t); data += 2, size -= 2) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, data, sizeof bits);
    check(bits);
  }
  return 0;
}
