// SPDX-License-Identifier: MIT
#include "tests/differential/support/image.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "tests/differential/layout.h"

namespace fermata::differential {
namespace {

constexpr std::uint64_t sum = 1 << 18;
constexpr std::uint64_t mxr = 1 << 19;

std::string harness() {
  std::ifstream file(FERMATA_DIFFERENTIAL_HARNESS, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t integer_value(Choices& choices) {
  static constexpr std::array<std::uint64_t, 14> special{0,
                                                         1,
                                                         2,
                                                         ~std::uint64_t{0},
                                                         0x8000'0000'0000'0000,
                                                         0x7fff'ffff'ffff'ffff,
                                                         0x0000'0000'8000'0000,
                                                         0xffff'ffff'8000'0000,
                                                         0x0000'0000'7fff'ffff,
                                                         0x0000'0000'ffff'ffff,
                                                         0x5555'5555'5555'5555,
                                                         63,
                                                         32,
                                                         0xffff'ffff'0000'0000};
  switch (choices.below(4)) {
    case 0: return choices.of(special);
    case 1: return choices.bits() >> choices.below(64);
    case 2: return static_cast<std::uint64_t>(static_cast<std::int64_t>(choices.bits()) >> choices.below(64));
    default: return choices.bits();
  }
}

/// Bits of a number of `fraction_bits` and `exponent_bits`: the edges of the format, and numbers that meet.
std::uint64_t floating_bits(Choices& choices, unsigned fraction_bits, unsigned exponent_bits) {
  const std::uint64_t largest = (std::uint64_t{1} << exponent_bits) - 1;
  const std::uint64_t fraction_mask = (std::uint64_t{1} << fraction_bits) - 1;
  const std::uint64_t sign = std::uint64_t{choices.below(2)} << (fraction_bits + exponent_bits);
  std::uint64_t fraction = choices.bits() & fraction_mask;
  if (choices.percent(50)) {
    const std::uint64_t few = std::uint64_t{choices.below(8)} << choices.below(fraction_bits - 2);
    fraction = choices.percent(50) ? few : fraction_mask - few;
  }
  std::uint64_t exponent = largest / 2 - 20 + choices.below(60);
  switch (choices.below(10)) {
    case 0: exponent = choices.below(3); break;
    case 1: exponent = largest - choices.below(3); break;
    case 2:
      exponent = largest;
      fraction = choices.percent(50) ? 0 : fraction;
      break;
    case 3:
      exponent = choices.below(2) * largest / 2;
      fraction = 0;
      break;
    case 4: exponent = choices.bits() & largest; break;
    default: break;
  }
  return sign | exponent << fraction_bits | fraction;
}

std::uint64_t floating_value(Choices& choices) {
  const std::uint32_t kind = choices.below(20);
  if (kind == 0) {
    return choices.bits();
  }
  return kind < 10 ? 0xffff'ffff'0000'0000 | floating_bits(choices, 23, 8) : floating_bits(choices, 52, 11);
}

std::uint64_t scratch_address(Choices& choices, bool is_aligned) {
  // So that the 12 bits of an offset stay within.
  const std::uint64_t at = SCRATCH_BASE + 0x800 + choices.below(SCRATCH_HOT - 0x1000);
  return is_aligned || choices.percent(60) ? at & ~std::uint64_t{7} : at;
}

/// pmpaddr of the naturally aligned range around `at`.
std::uint64_t napot(std::uint64_t at, std::uint64_t size) { return ((at & ~(size - 1)) | (size / 2 - 1)) >> 2; }

}  // namespace

Image::Image(std::uint64_t seed, unsigned sequences, const Quirks& quirks) : next_descriptor_(DESCRIPTORS_BASE) {
  constexpr unsigned room = (RECORDS_BASE - DESCRIPTORS_BASE) / (8 * DESCRIPTOR_WORDS * runs_of_each);
  if (sequences > room) {
    throw base::BadArgument("Image: " + std::to_string(sequences) + " sequences; there is room for " +
                            std::to_string(room));
  }
  static_assert(room * runs_of_each * 8 * RECORD_WORDS < RAM_BASE + RAM_COMPARED - RECORDS_BASE);
  const std::string code = harness();
  base::expects(!code.empty() && code.size() < CONTROL_BASE - RAM_BASE, "Image: the harness is built");
  std::memcpy(memory_.bytes().data(), code.data(), code.size());
  Choices choices(seed);
  for (std::uint64_t at = SCRATCH_BASE; at < SCRATCH_BASE + SCRATCH_SIZE; at += 8) {
    put(at, choices.percent(50) ? integer_value(choices) : floating_value(choices));
  }
  fill_tables(choices, memory_.bytes());
  std::uint64_t at = CODE_BASE;
  for (unsigned i = 0; i < sequences; ++i) {
    add_sequence(choices, at, quirks);
  }
  put(CONTROL_BASE + CONTROL_REMAINING, runs());
  put(CONTROL_BASE + CONTROL_DESCRIPTOR, DESCRIPTORS_BASE);
  put(CONTROL_BASE + CONTROL_RECORD, RECORDS_BASE);
}

void Image::add_sequence(Choices& choices, std::uint64_t& at, const Quirks& quirks) {
  static constexpr std::array modes{Mode::machine, Mode::supervisor, Mode::user};
  RandomCode code(choices, at, choices.of(modes), quirks);
  sequences_.push_back(code.generate(40 + choices.below(80)));
  const std::size_t size = code.code().size_bytes();
  base::expects(at + size < CODE_BASE + CODE_SIZE, "Image: the code fits");
  std::memcpy(memory_.bytes().data() + (at - RAM_BASE), code.code().data(), size);
  at += (size + 3) & ~std::size_t{3};
  for (unsigned i = 0; i < runs_of_each; ++i) {
    add_descriptor(choices, sequences_.back(), quirks);
  }
}

void Image::add_descriptor(Choices& choices, const Sequence& sequence, const Quirks& quirks) {
  const std::uint64_t at = next_descriptor_;
  next_descriptor_ += 8 * DESCRIPTOR_WORDS;
  const bool is_user = sequence.mode == Mode::user;
  const bool is_sv48 = choices.percent(40);
  const bool is_paged = choices.percent(75);
  const std::uint64_t satp_mode = is_sv48 ? 9 : 8;
  put_word(at, D_SATP, is_paged ? satp_mode << 60 | root_table(is_user, is_sv48) >> 12 : 0);
  const bool is_machine = sequence.mode == Mode::machine;
  set_registers(choices, at, is_paged && !is_machine, !(is_machine && quirks.misaligned_faults_are_aligned));
  put_word(at, D_CODE, sequence.begin);
  put_word(at, D_END, sequence.end);

  std::uint64_t status = static_cast<std::uint64_t>(sequence.mode) << 11;
  status |= (choices.percent(95) ? 3U : 0U) << 13;
  status |= (choices.percent(60) ? sum : 0) | (choices.percent(50) ? mxr : 0);
  status |= choices.percent(10) ? choices.bits() & 0x0070'01a2 : 0;  // TVM, TW, TSR; SIE, SPIE, MPIE, SPP
  put_word(at, D_MSTATUS, status);
  put_word(at, D_MEDELEG, choices.percent(50) ? 0 : choices.bits() & 0xb1ff);
  const bool has_interrupts = choices.percent(15);
  put_word(at, D_MIDELEG, choices.percent(50) ? 0 : choices.bits() & 0x222);
  put_word(at, D_MIE, has_interrupts ? choices.bits() & 0x222 : 0);
  put_word(at, D_MIP, has_interrupts ? 2U << 4 * choices.below(3) : 0);  // one: see RandomCode
  put_word(at, D_SSCRATCH, choices.bits());
  put_word(at, D_STVEC, STUB_BASE | choices.below(2));
  put_word(at, D_MCOUNTEREN, choices.percent(60) ? 7 : choices.below(8));
  put_word(at, D_SCOUNTEREN, choices.percent(60) ? 7 : choices.below(8));
  set_protection(choices, at, is_paged, !quirks.protection_is_of_pages);
  for (unsigned i = 0; i < POKES; ++i) {
    put_word(at, D_POKES + 2 * i, random_entry_address(choices));
    put_word(at, D_POKES + 2 * i + 1, random_entry(choices));
  }
}

/// Entries 4 to 7 give the modes below machine mode what they need; those before, if any, overlay parts of it.
void Image::set_protection(Choices& choices, std::uint64_t descriptor, bool is_paged, bool may_overlay) {
  constexpr std::uint64_t tor_mode = 1 << 3;
  constexpr std::uint64_t napot_mode = 3 << 3;
  std::uint64_t config = 0;
  const auto set = [&](unsigned entry, std::uint64_t address, std::uint64_t bits) {
    put_word(descriptor, D_PMPADDR0 + entry, address);
    config |= bits << (8 * entry);
  };
  set(4, napot(STUB_BASE, 0x1000), napot_mode | 5);
  set(5, napot(SCRATCH_BASE, SCRATCH_SIZE), napot_mode | 3);
  set(6, napot(TABLES_BASE, TABLES_SIZE), napot_mode | 3);
  set(7, napot(CODE_BASE, CODE_SIZE), napot_mode | 5);
  const bool is_overlaid = may_overlay && choices.percent(20);
  // Of no less than 8 bytes: QEMU only looks at whether an access's ends match. Within one page, away from its ends:
  // where an access crosses into another page QEMU asks PMP for all of it at once.
  const std::uint64_t overlaid_page = SCRATCH_BASE + (choices.below(SCRATCH_HOT) & ~0xfffU);
  for (unsigned entry = 0; entry < 4; ++entry) {
    const std::uint64_t at = overlaid_page + 0x400 + (choices.below(0x800) & ~7U);
    // Under paging always R, for the reason that random_entry has.
    static constexpr std::array<std::uint64_t, 6> rights{1, 3, 5, 7, 0, 4};
    static constexpr std::array<std::uint64_t, 4> modes{0, tor_mode, napot_mode, napot_mode};
    std::uint64_t mode = is_overlaid ? choices.of(modes) : 0;
    mode = entry == 0 && mode == tor_mode ? 0 : mode;  // it would begin at 0
    set(entry, mode == napot_mode ? napot(at, 8U << choices.below(8)) : at >> 2,
        mode | rights.at(choices.below(is_paged ? 4 : 6)));
  }
  put_word(descriptor, D_PMPCFG0, config);
}

void Image::set_registers(Choices& choices, std::uint64_t descriptor, bool is_paged, bool may_be_nowhere) {
  for (unsigned i = 1; i < 32; ++i) {
    put_word(descriptor, D_X + i, integer_value(choices));
    put_word(descriptor, D_F + i, floating_value(choices));
  }
  put_word(descriptor, D_F, floating_value(choices));
  put_word(descriptor, D_FCSR, choices.below(5) << 5 | (choices.percent(50) ? choices.below(32) : 0));
  const auto anywhere = [&] { return is_paged ? random_page_address(choices) : scratch_address(choices, false); };
  put_word(descriptor, D_X + pointer, scratch_address(choices, true));
  put_word(descriptor, D_X + other_pointer, anywhere());
  const bool is_stack_random = is_paged && choices.percent(50);
  put_word(descriptor, D_X + stack,
           is_stack_random ? random_page_address(choices) & ~std::uint64_t{7} : scratch_address(choices, true));
  static constexpr std::array<std::uint64_t, 4> nowhere{0x800, RAM_BASE + 0x0800'0000, 0xffff'ffff'ffff'f000,
                                                        0x0040'0000'0000'0000};
  put_word(descriptor, D_X + odd_pointer, may_be_nowhere && choices.percent(30) ? choices.of(nowhere) : anywhere());
}

void Image::put(std::uint64_t at, std::uint64_t value) {
  std::memcpy(memory_.bytes().data() + (at - RAM_BASE), &value, sizeof value);
}

std::uint64_t Image::descriptor(unsigned run, unsigned word) const {
  std::uint64_t value = 0;
  const std::uint64_t at = DESCRIPTORS_BASE + (std::uint64_t{run} * DESCRIPTOR_WORDS + word) * 8;
  std::memcpy(&value, memory_.bytes().data() + (at - RAM_BASE), sizeof value);
  return value;
}

void Image::keep_runs(unsigned runs) { put(CONTROL_BASE + CONTROL_REMAINING, runs); }

void Image::cut(unsigned run, unsigned units) {
  const Sequence& sequence = sequence_of(run);
  if (units < sequence.units.size()) {
    constexpr std::uint16_t no_operation = 0x0001;  // C.NOP, so that jumps beyond still come to the end
    for (std::uint64_t at = sequence.units[units]; at < sequence.end; at += 2) {
      std::memcpy(memory_.bytes().data() + (at - RAM_BASE), &no_operation, sizeof no_operation);
    }
  }
}

}  // namespace fermata::differential
