// SPDX-License-Identifier: MIT
//
// The half of RandomCode that has to do with privilege, and with encodings that are drawn blindly.
#include <array>

#include "tests/differential/support/encode.hpp"
#include "tests/differential/support/random_code.hpp"

namespace fermata::differential {

using namespace encode;

namespace {

constexpr std::uint32_t fflags = 0x001;
constexpr std::uint32_t frm = 0x002;
constexpr std::uint32_t fcsr = 0x003;
constexpr std::uint32_t sstatus = 0x100;
constexpr std::uint32_t sie = 0x104;
constexpr std::uint32_t sip = 0x144;
constexpr std::uint32_t mstatus = 0x300;
constexpr std::uint32_t mie = 0x304;
constexpr std::uint32_t mepc = 0x341;
constexpr std::uint32_t sepc = 0x141;
constexpr std::uint32_t mip = 0x344;
constexpr std::uint32_t mhartid = 0xf14;

constexpr std::uint32_t compressed_ebreak = 0x9002;

constexpr std::uint32_t write_csr = 1;
constexpr std::uint32_t set_csr = 2;
constexpr std::uint32_t clear_csr = 3;

/// mstatus: the fields that may be set and cleared. MPP is not among them, where 2 is reserved; FS is only off or
/// dirty, since each QEMU has its own opinion on which instructions make it dirty, as it may.
constexpr std::uint32_t floating_state = 3 << 13;
constexpr std::uint32_t modify_privilege = 1 << 17;
constexpr std::array<std::uint32_t, 12> status_fields{1 << 1,  1 << 3,         1 << 5,           1 << 7,
                                                      1 << 8,  floating_state, modify_privilege, 1 << 18,
                                                      1 << 19, 1 << 20,        1 << 21,          1 << 22};
constexpr std::array<std::uint32_t, 5> supervisor_status_fields{1 << 1, 1 << 5, 1 << 8, floating_state, 1 << 18};
constexpr std::uint32_t supervisor_interrupts = 0x222;
constexpr std::uint32_t previous_mode_shift = 11;

/// Hold what is written, in machine mode. sscratch, scause, stval, mcause, mtval.
constexpr std::array<std::uint32_t, 5> plain_registers{0x140, 0x142, 0x143, 0x342, 0x343};
/// Read only, and the same everywhere: mvendorid, mhartid.
constexpr std::array<std::uint32_t, 2> fixed_registers{0xf11, 0xf14};
/// Of extensions that are not there, reserved or custom: utvec, uscratch, vsstatus, custom, mnscratch, hstatus, hgatp,
/// tinfo's neighbour, pmpaddr64's neighbour, custom, custom read-only.
constexpr std::array<std::uint32_t, 11> absent_registers{0x005, 0x040, 0x200, 0x5c0, 0x740, 0x600,
                                                         0x680, 0x7ff, 0x3f0, 0xbc0, 0xfc0};
/// cycle, time, instret: read into x0, for the access alone.
constexpr std::array<std::uint32_t, 3> counters{0xc00, 0xc01, 0xc02};

}  // namespace

void RandomCode::control_register() {
  const std::uint32_t kind = choices_.below(10);
  const std::uint32_t scratch = 5 + choices_.below(3);
  if (kind < 3) {
    const std::uint32_t funct3 = choices_.of(std::array<std::uint32_t, 6>{1, 2, 3, 5, 6, 7});
    word(csr_op(funct3, destination(), choices_.of(plain_registers), source()));
  } else if (kind < 4) {
    // Bit 0 is always 0, but QEMU before 11 keeps what is written there.
    word(i_type(op_imm, 7, scratch, source(), 0xffe));
    word(csr_op(write_csr, destination(), choices_.percent(50) ? sepc : mepc, scratch));
  } else if (kind < 5) {
    const bool writes = choices_.percent(20);  // which is illegal
    word(csr_op(writes ? write_csr : set_csr, destination(), choices_.of(fixed_registers), writes ? source() : 0));
  } else if (kind < 6) {
    word(csr_op(set_csr, 0, choices_.of(counters), 0));
  } else if (kind < 8) {
    interrupt_register(scratch);
  } else if (mode_ == Mode::machine) {
    const std::uint32_t field = choices_.of(status_fields);
    if (field == modify_privilege && (keeps_mode_ || quirks_.modify_privilege_is_forgotten)) {
      return;
    }
    set_status_bits(mstatus, field, choices_.percent(field == floating_state ? 90 : 50));
  } else {
    set_status_bits(sstatus, choices_.of(supervisor_status_fields), choices_.percent(70));
  }
}

/// No more than one interrupt is pending at a time: without AIA, QEMU takes that of the lowest number first, which is
/// not the architecture's order.
void RandomCode::interrupt_register(std::uint32_t scratch) {
  static constexpr std::array<std::uint32_t, 4> bits{0, 0x002, 0x020, 0x200};
  switch (choices_.below(4)) {
    case 0: constant(scratch, choices_.of(bits)); return word(csr_op(write_csr, destination(), mip, scratch));
    case 1:
      constant(scratch, static_cast<std::uint32_t>(choices_.bits()) & supervisor_interrupts);
      return word(csr_op(choices_.percent(60) ? set_csr : clear_csr, destination(), mie, scratch));
    case 2:
      constant(scratch, static_cast<std::uint32_t>(choices_.bits()) & supervisor_interrupts);
      return word(csr_op(choices_.percent(60) ? set_csr : clear_csr, destination(), sie, scratch));
    default:
      constant(scratch, static_cast<std::uint32_t>(choices_.bits()) & supervisor_interrupts);
      return word(csr_op(clear_csr, destination(), sip, scratch));
  }
}

void RandomCode::set_status_bits(std::uint32_t csr, std::uint64_t bits, bool set) {
  const std::uint32_t scratch = 5 + choices_.below(3);
  constant(scratch, static_cast<std::uint32_t>(bits));
  word(csr_op(set ? set_csr : clear_csr, choices_.percent(30) ? destination() : 0, csr, scratch));
}

void RandomCode::floating_control() {
  const std::uint32_t kind = choices_.below(10);
  if (kind < 4) {
    word(csr_op(5, destination(), frm, choices_.percent(5) ? 5 + choices_.below(3) : choices_.below(5)));
  } else if (kind < 7) {
    const std::uint32_t funct3 = choices_.of(std::array<std::uint32_t, 6>{1, 2, 3, 5, 6, 7});
    word(csr_op(funct3, destination(), fflags, source()));
  } else if (kind < 8) {
    constant(5, static_cast<std::uint32_t>(choices_.bits()) & 0xffff'ff9f);
    word(csr_op(write_csr, destination(), fcsr, 5));
  } else {
    word(csr_op(set_csr, destination(), choices_.of(std::array{fflags, frm, fcsr}), 0));
  }
}

void RandomCode::absent_register() {
  word(csr_op(choices_.percent(50) ? set_csr : write_csr, destination(), choices_.of(absent_registers), 0));
}

void RandomCode::trap() {
  switch (choices_.below(5)) {
    case 0: return word(ecall);
    case 1: return word(quirks_.breakpoint_has_no_value ? ecall : ebreak);
    case 2: return quirks_.breakpoint_has_no_value ? word(ecall) : half(compressed_ebreak);
    case 3: return absent_register();
    default: return word(r_type(system, 0, 0x09, 0, source(), source()));  // SFENCE.VMA
  }
}

/// An MRET or SRET to what follows it, in some mode.
void RandomCode::change_mode() {
  if (keeps_mode_) {
    return trap();
  }
  const bool is_machine = mode_ == Mode::machine && choices_.percent(80);
  const std::uint32_t scratch = 5 + choices_.below(3);
  if (is_machine) {
    static constexpr std::array<std::uint32_t, 3> modes{0, 1, 3};
    set_status_bits(mstatus, 3U << previous_mode_shift, false);
    set_status_bits(mstatus, choices_.of(modes) << previous_mode_shift, true);
  } else {
    set_status_bits(sstatus, 1U << 8, choices_.percent(50));
  }
  word(u_type(auipc, scratch, 0));
  word(i_type(op_imm, 0, scratch, scratch, 16));
  word(csr_op(write_csr, 0, is_machine ? mepc : sepc, scratch));
  word(is_machine ? mret : sret);
}

/// With an interrupt pending and enabled, though perhaps not globally: there is something to wake up for.
void RandomCode::wait_for_interrupt() {
  if (mode_ == Mode::user) {
    while ((here() & 0xfff) >= 0xffc) {
      half(0x0001);  // at the end of a page QEMU gives an mepc that is a page too far
    }
    return word(wfi);  // illegal there
  }
  const std::uint32_t scratch = 5 + choices_.below(3);
  const bool is_machine = mode_ == Mode::machine;
  if (!is_machine) {
    return word(mret);  // illegal; an SRET could go back to what was before, again and again
  }
  set_status_bits(mstatus, 1U << 3, false);
  constant(scratch, 2);
  word(csr_op(set_csr, 0, mie, scratch));
  word(csr_op(write_csr, 0, mip, scratch));
  // Machine mode may have been left: then all of that was illegal, and a WFI could wait for ever. mhartid is 0.
  word(i_type(op_imm, 0, scratch, 0, 1));
  word(csr_op(set_csr, scratch, mhartid, 0));
  word(r_type(branch, 1, 0, 0, scratch, 0) | branch_offset(8));
  word(wfi);
}

/// Stores an instruction over one that comes soon. Always with a FENCE.I in between: without it either may be executed,
/// and in QEMU it depends on where its blocks end.
void RandomCode::modify_code() {
  const std::uint32_t value = 5;
  const std::uint32_t at = 6;
  constant(value, i_type(op_imm, choices_.below(8) & ~1U, destination(), source(), choices_.below(2048)));
  word(u_type(auipc, at, 0));
  const std::uint32_t between = choices_.below(3);
  word(s_type(store, 2, at, value, 12 + between * 4));
  word(fence_i);
  for (std::uint32_t i = 0; i < between; ++i) {
    integer();
  }
  word(i_type(op_imm, 0, destination(), source(), choices_.below(4096)));
}

/// Any 32-bit instruction that goes on with the next, be there one or not.
void RandomCode::raw_word() {
  while (true) {
    const auto instruction = static_cast<std::uint32_t>(choices_.bits()) | 3;
    if (may_write_raw(instruction)) {
      return word(instruction);
    }
  }
}

bool RandomCode::may_write_raw(std::uint32_t instruction) const {
  const std::uint32_t opcode = instruction & 0x7f;
  const std::uint32_t rd = instruction >> 7 & 31;
  const bool is_store = opcode == store || opcode == store_fp;
  const bool is_memory = is_store || opcode == load || opcode == load_fp || opcode == amo;
  if (opcode == branch || opcode == jalr || opcode == jal || opcode == system) {
    return false;
  }
  if (is_memory && mode_ == Mode::machine) {
    return false;
  }
  if (opcode == amo && !has_atomics_) {
    return false;
  }
  if (opcode == amo && (instruction >> 27 == 3 || (instruction >> 15 & 31) != pointer)) {
    return false;  // see reserve() and atomic()
  }
  return is_store || !is_pinned(rd);
}

void RandomCode::raw_half() {
  while (true) {
    const auto instruction = static_cast<std::uint32_t>(choices_.bits() & 0xffff);
    const std::uint32_t kind = instruction >> 13 | (instruction & 3) << 3;
    const std::uint32_t rd = instruction >> 7 & 31;
    const std::uint32_t narrow_rd = 8 + (instruction >> 2 & 7);
    const std::uint32_t narrow_rs1 = 8 + (instruction >> 7 & 7);
    bool may_write = false;
    if (kind < 8) {  // quadrant 0: C.ADDI4SPN, loads and stores
      const bool is_load = kind == 2 || kind == 3;
      const bool is_fine = kind == 0 || is_pinned(narrow_rs1);
      may_write = is_fine && !((kind == 0 || is_load) && is_pinned(narrow_rd));
    } else if (kind < 16) {  // quadrant 1: C.J, C.BEQZ and C.BNEZ are left out
      may_write = kind < 13 && !is_pinned(kind == 12 ? narrow_rs1 : rd);
    } else if (kind < 24) {  // quadrant 2: C.JR and C.JALR are left out
      const bool may_break = instruction == compressed_ebreak && !quirks_.breakpoint_has_no_value;
      const bool is_jump = kind == 20 && (instruction >> 2 & 31) == 0 && !may_break;
      const bool has_destination = kind < 21 && kind != 17;
      may_write = !is_jump && !(has_destination && is_pinned(rd));
    }
    if (may_write) {
      return half(instruction);
    }
  }
}

}  // namespace fermata::differential
