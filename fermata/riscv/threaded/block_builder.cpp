// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/block_builder.hpp"

#include <new>

#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using decoding::Instruction;
using decoding::Opcode;

enum class End : std::uint8_t { none, links, no_links };

End end_of(Opcode opcode) {
  using enum decoding::Opcode;
  switch (opcode) {
    case beq:
    case bne:
    case blt:
    case bge:
    case bltu:
    case bgeu:
    case jal: return End::links;
    case jalr:
    case illegal:
    case ecall:
    case ebreak:
    case csrrw:
    case csrrs:
    case csrrc:
    case csrrwi:
    case csrrsi:
    case csrrci:
    case mret:
    case sret:
    case wfi:
    case sfence_vma: return End::no_links;
    default: return End::none;
  }
}

/// Loads, atomics and CSRs do something besides writing rd; so do the floating-point instructions, whose rd may be f0.
bool is_plain_arithmetic(Opcode opcode) {
  return opcode == Opcode::lui || opcode == Opcode::auipc || (opcode >= Opcode::addi && opcode <= Opcode::sraw) ||
         (opcode >= Opcode::mul && opcode <= Opcode::remuw);
}

bool writes_float_register(Opcode opcode) {
  using enum decoding::Opcode;
  if (opcode < flw || opcode > fcvt_d_s) {
    return false;
  }
  switch (opcode) {
    case feq_s:
    case flt_s:
    case fle_s:
    case fclass_s:
    case fcvt_w_s:
    case fcvt_wu_s:
    case fcvt_l_s:
    case fcvt_lu_s:
    case fmv_x_w:
    case feq_d:
    case flt_d:
    case fle_d:
    case fclass_d:
    case fcvt_w_d:
    case fcvt_wu_d:
    case fcvt_l_d:
    case fcvt_lu_d:
    case fmv_x_d: return false;
    default: return true;
  }
}

void put_number(Op& op, unsigned number) {
  op.rs1 = number & 0xff;
  op.rs2 = static_cast<std::uint8_t>(number >> 8);
}

bool is_floating(Opcode opcode) {
  return opcode >= Opcode::flw && opcode <= Opcode::fcvt_d_s && opcode != Opcode::flw && opcode != Opcode::fsw &&
         opcode != Opcode::fld && opcode != Opcode::fsd;
}

/// As the handler of the opcode wants its operands.
Op make_op(const Instruction& instruction) {
  const Handlers& handlers = all_handlers();
  Op op{.run = handlers.of_opcode[static_cast<std::size_t>(instruction.opcode)],
        .immediate = instruction.immediate,
        .rd = instruction.rd,
        .rs1 = instruction.rs1,
        .rs2 = instruction.rs2,
        .size = static_cast<std::uint8_t>(1U << 4 | instruction.length / 2)};
  if (instruction.rd == 0 && is_plain_arithmetic(instruction.opcode)) {
    op.run = handlers.nothing;
  }
  if (instruction.rd == 0 && !writes_float_register(instruction.opcode)) {
    op.rd = 32;
  }
  if (is_floating(instruction.opcode)) {
    op.immediate = instruction.rounding | instruction.rs3 << 8;
  }
  return op;
}

std::int32_t plus_offset(std::int32_t immediate, unsigned offset) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(immediate) + offset);
}

/// What is relative to the page, or has a form that is faster.
void specialise(Op& op, const Instruction& instruction, unsigned offset) {
  using enum decoding::Opcode;
  const Handlers& handlers = all_handlers();
  switch (instruction.opcode) {
    case addi:
      if (instruction.rd != 0 && (instruction.rs1 == 0 || instruction.immediate == 0)) {
        op.run = instruction.rs1 == 0 ? handlers.load_immediate : handlers.move;
      }
      break;
    case add:
      if (instruction.rd != 0 && instruction.rs1 == 0) {
        op.run = handlers.move;
        op.rs1 = instruction.rs2;
      }
      break;
    case auipc: put_number(op, offset); break;
    case beq:
    case bne:
    case blt:
    case bge:
    case bltu:
    case bgeu: op.immediate = plus_offset(instruction.immediate, offset); break;
    case jal:
      op.run = instruction.rd == 0 ? handlers.jump : op.run;
      op.immediate = plus_offset(instruction.immediate, offset);
      put_number(op, offset + instruction.length);
      break;
    case jalr:
      if (instruction.rd == 0) {
        op.run = handlers.jump_register;
      } else {
        op.immediate = plus_offset(static_cast<std::int32_t>(static_cast<std::uint32_t>(instruction.immediate) << 16),
                                   offset + instruction.length);
      }
      break;
    default: break;
  }
}

/// Whether `second` overwrites what `first` computed, having used it, so that nobody else can see it.
bool replaces(const Instruction& second, const Instruction& first) {
  return first.rd != 0 && second.rd == first.rd && second.rs1 == first.rd;
}

bool fits(std::int64_t value) { return value == static_cast<std::int32_t>(value); }

/// LUI or AUIPC with the ADDI or ADDIW behind it: one constant.
bool fuse_constant(Op& op, const Instruction& first, const Instruction& second) {
  const std::int64_t sum = std::int64_t{first.immediate} + second.immediate;
  const bool is_word = second.opcode == Opcode::addiw && first.opcode == Opcode::lui;
  if (!replaces(second, first) || (second.opcode != Opcode::addi && !is_word) || (!is_word && !fits(sum))) {
    return false;
  }
  op.immediate = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
  return true;
}

/// SLLI with an SRLI (a part of a word) or an ADD (the place in an array) behind it.
bool fuse_shift(Op& op, const Instruction& first, const Instruction& second) {
  if (second.opcode == Opcode::srli && replaces(second, first)) {
    op.run = all_handlers().shift_left_and_right;
    op.immediate = first.immediate | second.immediate << 8;
    return true;
  }
  const bool is_second_operand = second.rs2 == first.rd;
  const bool is_first_operand = second.rs1 == first.rd;
  if (second.opcode != Opcode::add || first.rd == 0 || second.rd != first.rd || is_first_operand == is_second_operand) {
    return false;
  }
  op.run = all_handlers().shift_left_and_add;
  op.rs2 = is_first_operand ? second.rs2 : second.rs1;
  return true;
}

/// ADDI with a branch on its result behind it: the end of a counting loop.
bool fuse_count(Op& op, const Instruction& first, const Instruction& second, unsigned offset_of_second) {
  if (first.rd == 0 || second.opcode < Opcode::beq || second.opcode > Opcode::bgeu || second.rs1 != first.rd) {
    return false;
  }
  op.run =
      all_handlers().add_and_branch[static_cast<std::size_t>(second.opcode) - static_cast<std::size_t>(Opcode::beq)];
  op.rs1 = first.rs1;
  op.rs2 = second.rs2;
  const auto target = static_cast<std::uint32_t>(plus_offset(second.immediate, offset_of_second));
  op.immediate = static_cast<std::int32_t>(static_cast<std::uint32_t>(first.immediate) << 16 | (target & 0xffff));
  return true;
}

bool fuse_with(Op& op, const Instruction& first, const Instruction& second, unsigned offset_of_second) {
  switch (first.opcode) {
    case Opcode::lui:
    case Opcode::auipc: return fuse_constant(op, first, second);
    case Opcode::slli: return fuse_shift(op, first, second);
    case Opcode::addi: return fuse_count(op, first, second, offset_of_second);
    default: return false;
  }
}

}  // namespace

void BlockBuilder::push(const Instruction& instruction) {
  Op& op = ops_[slots_++];
  const unsigned offset = offset_ + bytes_;
  op = make_op(instruction);
  specialise(op, instruction, offset);
  last_ = instruction;
  ++count_;
  bytes_ += instruction.length;
}

/// Makes the last Op stand for this instruction too, if the two have a form in common.
bool BlockBuilder::fuse(const Instruction& instruction) {
  if (slots_ == 0 || !fuse_with(ops_[slots_ - 1], last_, instruction, offset_ + bytes_)) {
    return false;
  }
  ops_[slots_ - 1].size = static_cast<std::uint8_t>(2 << 4 | (last_.length + instruction.length) / 2);
  last_ = {};
  ++count_;
  bytes_ += instruction.length;
  return true;
}

bool BlockBuilder::add(const Instruction& instruction) {
  if (!fuse(instruction)) {
    push(instruction);
  }
  switch (end_of(instruction.opcode)) {
    case End::none: return count_ < max_instructions;
    case End::links: end_with_links(); break;
    case End::no_links: is_ended_ = true; break;
  }
  return false;
}

void BlockBuilder::end_with_links() {
  has_links_ = true;
  is_ended_ = true;
}

void BlockBuilder::finish() {
  if (!is_ended_) {
    ops_[slots_++] = {.run = all_handlers().go_on,
                      .immediate = static_cast<std::int32_t>(offset_ + bytes_),
                      .rd = 32,
                      .rs1 = 0,
                      .rs2 = 0,
                      .size = 0};
    end_with_links();
  }
  slots_ += has_links_ ? 1 : 0;
}

void BlockBuilder::put_behind(Block& block) const {
  Op* op = block.ops();
  const std::size_t ops = slots_ - (has_links_ ? 1 : 0);
  for (std::size_t i = 0; i < ops; ++i) {
    new (op++) Op(ops_[i]);
  }
  if (has_links_) {
    new (op) Links{nullptr, nullptr};
  }
}

}  // namespace fermata::riscv::threaded
