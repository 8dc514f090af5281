// SPDX-License-Identifier: MIT
#include "tests/differential/support/random_code.hpp"

#include <array>
#include <utility>

#include "tests/differential/support/encode.hpp"

namespace fermata::differential {

using namespace encode;

RandomCode::RandomCode(Choices& choices, std::uint64_t address, Mode mode, const Quirks& quirks)
    : choices_(choices),
      address_(address),
      mode_(mode),
      quirks_(quirks),
      has_atomics_(!quirks.atomic_faults_are_of_loads || (mode == Mode::machine && choices.percent(50))),
      keeps_mode_(quirks.atomic_faults_are_of_loads && has_atomics_) {}

Sequence RandomCode::generate(unsigned units) {
  Sequence sequence;
  sequence.begin = here();
  sequence.mode = mode_;
  for (unsigned i = 0; i < units; ++i) {
    land_jumps(false);
    sequence.units.push_back(here());
    unit();
  }
  land_jumps(true);
  sequence.end = here();
  sequence.instructions = instructions_;
  word(ecall);
  return sequence;
}

void RandomCode::unit() {
  const std::uint32_t kind = choices_.below(100);
  if (kind < 58) {
    simple_unit();
  } else if (kind < 62) {
    reserve();
  } else if (kind < 68) {
    control_register();
  } else if (kind < 71) {
    floating_control();
  } else if (kind < 78) {
    jump();
  } else if (kind < 80) {
    loop();
  } else if (kind < 81) {
    trap();
  } else if (kind < 82) {
    change_mode();
  } else if (kind < 83) {
    mode_ == Mode::machine ? modify_code() : absent_register();
  } else if (kind < 84) {
    wait_for_interrupt();
  } else if (kind < 90) {
    raw_word();
  } else {
    raw_half();
  }
}

/// One instruction that goes on with the next and writes no pinned or reserved register.
void RandomCode::simple_unit() {
  const std::uint32_t kind = choices_.below(100);
  if (kind < 30) {
    integer();
  } else if (kind < 35) {
    upper_immediate();
  } else if (kind < 52) {
    memory();
  } else if (kind < 60) {
    atomic();
  } else if (kind < 92) {
    floating();
  } else {
    floating_memory();
  }
}

void RandomCode::integer() {
  struct Operation {
    std::uint32_t opcode;
    std::uint32_t funct3;
    std::uint32_t funct7;
  };
  static constexpr std::array register_operations{
      Operation{op, 0, 0},    Operation{op, 0, 0x20}, Operation{op, 1, 0},       Operation{op, 2, 0},
      Operation{op, 3, 0},    Operation{op, 4, 0},    Operation{op, 5, 0},       Operation{op, 5, 0x20},
      Operation{op, 6, 0},    Operation{op, 7, 0},    Operation{op, 0, 1},       Operation{op, 1, 1},
      Operation{op, 2, 1},    Operation{op, 3, 1},    Operation{op, 4, 1},       Operation{op, 5, 1},
      Operation{op, 6, 1},    Operation{op, 7, 1},    Operation{op_32, 0, 0},    Operation{op_32, 0, 0x20},
      Operation{op_32, 1, 0}, Operation{op_32, 5, 0}, Operation{op_32, 5, 0x20}, Operation{op_32, 0, 1},
      Operation{op_32, 4, 1}, Operation{op_32, 5, 1}, Operation{op_32, 6, 1},    Operation{op_32, 7, 1}};
  if (choices_.percent(60)) {
    const Operation operation = choices_.of(register_operations);
    word(r_type(operation.opcode, operation.funct3, operation.funct7, destination(), source(), source()));
    return;
  }
  const std::uint32_t funct3 = choices_.below(8);
  const std::uint32_t arithmetic = choices_.below(2) << 10;
  const bool is_shift = funct3 == 1 || funct3 == 5;
  if (choices_.percent(70)) {
    const std::uint32_t shift = choices_.below(64) | (funct3 == 5 ? arithmetic : 0);
    word(i_type(op_imm, funct3, destination(), source(), is_shift ? shift : choices_.below(4096)));
  } else {
    const std::uint32_t shift = choices_.below(32) | (funct3 == 5 ? arithmetic : 0);
    word(i_type(op_imm_32, is_shift ? funct3 : 0, destination(), source(), is_shift ? shift : choices_.below(4096)));
  }
}

void RandomCode::upper_immediate() {
  word(u_type(choices_.percent(50) ? lui : auipc, destination(), static_cast<std::uint32_t>(choices_.bits())));
}

void RandomCode::memory() {
  if (choices_.percent(60)) {
    word(i_type(load, choices_.below(7), destination(), base(), offset()));
  } else {
    word(s_type(store, choices_.below(4), base(), source(), offset()));
  }
}

void RandomCode::floating_memory() {
  const std::uint32_t width = 2 + choices_.below(2);
  if (choices_.percent(60)) {
    word(i_type(load_fp, width, choices_.below(32), base(), offset()));
  } else {
    word(s_type(store_fp, width, base(), choices_.below(32), offset()));
  }
}

/// Where there are page tables, to what may be written or not be accessed at all: of a page that may only be read, QEMU
/// sets the accessed bit before the store faults.
void RandomCode::atomic() {
  if (!has_atomics_) {
    return integer();
  }
  static constexpr std::array<std::uint32_t, 9> operations{0x00, 0x01, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c};
  const std::uint32_t funct7 = choices_.of(operations) << 2 | choices_.below(4);
  const std::uint32_t at = mode_ == Mode::machine && !keeps_mode_ ? base() : pointer;
  word(r_type(amo, 2 + choices_.below(2), funct7, destination(), at, source()));
}

/// LR and SC with nothing in between that would leave it open whether the SC succeeds. Both of one width, since QEMU's
/// narrower SC may store and yet say that it failed; both to pointers that are aligned, since without a reservation
/// QEMU does not look at that.
void RandomCode::reserve() {
  if (!has_atomics_) {
    return integer();
  }
  const std::uint32_t width = 2 + choices_.below(2);
  const bool is_machine = mode_ == Mode::machine;
  const std::uint32_t at = is_machine && choices_.percent(50) ? stack : pointer;
  if (choices_.percent(85)) {
    word(r_type(amo, width, 0x02 << 2 | choices_.below(4), destination(), at, 0));
    for (std::uint32_t i = choices_.below(3); i > 0; --i) {
      integer();
    }
  }
  const std::uint32_t to = !is_machine || choices_.percent(85) ? at : stack + pointer - at;
  word(r_type(amo, width, 0x03 << 2 | choices_.below(4), destination(), to, source()));
}

void RandomCode::floating() {
  const std::uint32_t format = choices_.below(2);
  const std::uint32_t rs1 = choices_.below(32);
  const std::uint32_t rs2 = choices_.below(32);
  const std::uint32_t fd = choices_.below(16);  // f16 to f31 keep their interesting values
  const auto emit = [&](std::uint32_t funct5, std::uint32_t rd, std::uint32_t second, std::uint32_t funct3) {
    word(r_type(op_fp, funct3, funct5 << 2 | format, rd, rs1, second));
  };
  switch (choices_.below(14)) {
    case 0: return emit(0x00, fd, rs2, rounding());
    case 1: return emit(0x01, fd, rs2, rounding());
    case 2: return emit(0x02, fd, rs2, rounding());
    case 3: return emit(0x03, fd, rs2, rounding());
    case 4: return emit(0x0b, fd, 0, rounding());
    case 5: return emit(0x04, fd, rs2, choices_.below(3));
    case 6: return emit(0x05, fd, rs2, choices_.below(2));
    case 7: return emit(0x08, fd, 1 - format, rounding());
    case 8: return emit(0x14, destination(), rs2, choices_.below(3));
    case 9: return emit(0x18, destination(), choices_.below(4), rounding());
    case 10: return emit(0x1a, fd, choices_.below(4), rounding());
    case 11: return emit(0x1c, destination(), 0, choices_.below(2));
    case 12: return emit(0x1e, fd, 0, 0);
    default: word(r_type(0x43 + choices_.below(4) * 4, rounding(), choices_.below(32) << 2 | format, fd, rs1, rs2));
  }
}

void RandomCode::jump() {
  const unsigned ahead = 1 + choices_.below(4);
  const std::size_t at = code_.size();
  switch (choices_.below(5)) {
    case 0: {
      const std::uint32_t target = 10 + choices_.below(8);
      word(u_type(auipc, target, 0));
      word(i_type(encode::jalr, 0, destination(), target, 0));
      jumps_.push_back({Jump::Kind::jalr, at, ahead});
      break;
    }
    case 1:
      word(jal | destination() << 7);
      jumps_.push_back({Jump::Kind::jal, at, ahead});
      break;
    case 2:
      half(0xa001);
      jumps_.push_back({Jump::Kind::compressed_jump, at, ahead});
      break;
    case 3:
      half((choices_.percent(50) ? 0xc001U : 0xe001U) | choices_.below(8) << 7);
      jumps_.push_back({Jump::Kind::compressed_branch, at, ahead});
      break;
    default: {
      static constexpr std::array<std::uint32_t, 6> conditions{0, 1, 4, 5, 6, 7};
      word(r_type(branch, choices_.of(conditions), 0, 0, source(), source()));
      jumps_.push_back({Jump::Kind::branch, at, ahead});
    }
  }
}

void RandomCode::loop() {
  const std::uint32_t counter = 5 + choices_.below(3);
  word(i_type(op_imm, 0, counter, 0, 2 + choices_.below(4)));
  reserved_ = counter;
  const std::uint64_t begin = here();
  for (std::uint32_t i = 1 + choices_.below(4); i > 0; --i) {
    simple_unit();
  }
  reserved_ = 0;
  word(i_type(op_imm, 0, counter, counter, 0xfff));
  word(r_type(branch, 1, 0, 0, counter, 0) | branch_offset(static_cast<std::uint32_t>(begin - here())));
}

void RandomCode::constant(std::uint32_t rd, std::uint32_t value) {
  word(u_type(lui, rd, value + 0x800));
  word(i_type(op_imm_32, 0, rd, rd, value & 0xfff));
}

void RandomCode::word(std::uint32_t instruction) {
  code_.push_back(static_cast<std::uint16_t>(instruction));
  code_.push_back(static_cast<std::uint16_t>(instruction >> 16));
  ++instructions_;
}

void RandomCode::half(std::uint32_t instruction) {
  code_.push_back(static_cast<std::uint16_t>(instruction));
  ++instructions_;
}

void RandomCode::land_jumps(bool all) {
  std::vector<Jump> waiting;
  for (Jump& jump : jumps_) {
    if (all || --jump.ahead == 0) {
      patch(jump);
    } else {
      waiting.push_back(jump);
    }
  }
  jumps_ = std::move(waiting);
}

void RandomCode::patch(const Jump& jump) {
  const auto distance = static_cast<std::uint32_t>((code_.size() - jump.at) * 2);
  const auto add = [this](std::size_t at, std::uint32_t bits) {
    code_[at] = static_cast<std::uint16_t>(code_[at] | bits);
    if (bits >> 16 != 0) {
      code_[at + 1] = static_cast<std::uint16_t>(code_[at + 1] | bits >> 16);
    }
  };
  switch (jump.kind) {
    case Jump::Kind::branch: return add(jump.at, branch_offset(distance));
    case Jump::Kind::jal: return add(jump.at, jump_offset(distance));
    case Jump::Kind::jalr: return add(jump.at + 2, distance << 20);
    case Jump::Kind::compressed_branch: return add(jump.at, compressed_branch_offset(distance));
    case Jump::Kind::compressed_jump: return add(jump.at, compressed_jump_offset(distance));
  }
}

std::uint32_t RandomCode::destination() {
  while (true) {
    const std::uint32_t rd = choices_.below(32);
    if (!is_pinned(rd) && (rd == 0 || rd != reserved_)) {
      return rd;
    }
  }
}

std::uint32_t RandomCode::base() {
  static constexpr std::array<std::uint32_t, 6> pointers{pointer,       pointer,       stack,
                                                         other_pointer, other_pointer, odd_pointer};
  return mode_ != Mode::machine && choices_.percent(6) ? source() : choices_.of(pointers);
}

std::uint32_t RandomCode::offset() {
  switch (choices_.below(4)) {
    case 0: return choices_.below(4096);
    case 1: return choices_.below(16);
    default: return choices_.below(32) * 8;
  }
}

std::uint32_t RandomCode::rounding() {
  if (choices_.percent(50)) {
    return 7;
  }
  return choices_.percent(3) ? 5 + choices_.below(2) : choices_.below(5);
}

}  // namespace fermata::differential
