// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace fermata::differential {

enum class Mode : std::uint8_t { user = 0, supervisor = 1, machine = 3 };

/// Registers that hold pointers and that random code does not write: sp, gp, s0, s1. s0 and sp are multiples of 8.
inline constexpr std::uint32_t stack = 2;
inline constexpr std::uint32_t odd_pointer = 3;
inline constexpr std::uint32_t pointer = 8;
inline constexpr std::uint32_t other_pointer = 9;
[[nodiscard]] constexpr bool is_pinned(std::uint32_t x) {
  return x == stack || x == odd_pointer || x == pointer || x == other_pointer;
}

/// A source of choices: the same seed makes the same everywhere.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : random_(seed) {}

  std::uint64_t bits() { return random_(); }
  /// 0 to `count` - 1.
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(random_() % count); }
  bool percent(std::uint32_t chance) { return below(100) < chance; }
  template <typename Range>
  auto of(const Range& range) {
    return range[below(static_cast<std::uint32_t>(std::size(range)))];
  }

 private:
  std::mt19937_64 random_;
};

/// What the QEMU that is compared with does otherwise than the architecture or later ones, so that it is left out.
struct Quirks {
  bool breakpoint_has_no_value = false;     ///< EBREAK gives an xtval of 0
  bool atomic_faults_are_of_loads = false;  ///< an AMO that may not load; and an SC without reservation never faults
  /// A misaligned access to no memory gives the aligned address as xtval.
  bool misaligned_faults_are_aligned = false;
  /// With MPRV set, accesses after an MRET from and to machine mode are not made as MPP says.
  bool modify_privilege_is_forgotten = false;
  /// A PMP entry that covers part of a page is not always seen.
  bool protection_is_of_pages = false;
};

/// A piece of random code that is executed from the first to the last instruction, but for forward jumps and short
/// loops; where it traps, it goes on behind the instruction.
struct Sequence {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;             ///< where the ECALL stands that ends it
  std::vector<std::uint64_t> units;  ///< where each unit, of one or a few instructions, begins
  std::uint64_t instructions = 0;    ///< how many there are
  Mode mode = Mode::machine;         ///< that it is made for
};

/// Writes random code for one mode. In machine mode nothing protects the harness's memory, so there loads and stores go
/// through the pinned pointers only; in the others, where PMP and page tables do, also anywhere.
class RandomCode {
 public:
  RandomCode(Choices& choices, std::uint64_t address, Mode mode, const Quirks& quirks);

  /// `units` random units and the end.
  [[nodiscard]] Sequence generate(unsigned units);
  [[nodiscard]] std::span<const std::uint16_t> code() const { return code_; }

 private:
  /// A jump whose target is a number of units ahead.
  struct Jump {
    enum class Kind : std::uint8_t { branch, jal, jalr, compressed_branch, compressed_jump };
    Kind kind;
    std::size_t at;  // in code_; of a jalr the auipc before it
    unsigned ahead;
  };

  void unit();
  void simple_unit();
  void integer();
  void upper_immediate();
  void memory();
  void atomic();
  void reserve();
  void floating();
  void floating_memory();
  void control_register();
  void interrupt_register(std::uint32_t scratch);
  void floating_control();
  void absent_register();
  void jump();
  void loop();
  void trap();
  void change_mode();
  void set_status_bits(std::uint32_t csr, std::uint64_t bits, bool set);
  void wait_for_interrupt();
  void modify_code();
  void raw_word();
  void raw_half();

  void word(std::uint32_t instruction);
  void half(std::uint32_t instruction);
  void constant(std::uint32_t rd, std::uint32_t value);
  void land_jumps(bool all);
  void patch(const Jump& jump);

  std::uint32_t source() { return choices_.below(32); }
  std::uint32_t destination();
  std::uint32_t base();
  std::uint32_t offset();
  std::uint32_t rounding();
  [[nodiscard]] bool may_write_raw(std::uint32_t instruction) const;
  [[nodiscard]] std::uint64_t here() const { return address_ + code_.size() * 2; }

  Choices& choices_;
  std::uint64_t address_;
  Mode mode_;
  Quirks quirks_;
  bool has_atomics_;
  bool keeps_mode_;             // and no atomic access faults therefore
  std::uint32_t reserved_ = 0;  // a loop's counter
  std::vector<std::uint16_t> code_;
  std::vector<Jump> jumps_;
  std::uint64_t instructions_ = 0;
};

}  // namespace fermata::differential
