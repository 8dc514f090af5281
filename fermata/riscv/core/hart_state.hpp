// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "fermata/bus/address_space.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/riscv/code_cache.hpp"
#include "fermata/riscv/core/counter.hpp"
#include "fermata/riscv/core/memory_view.hpp"
#include "fermata/riscv/translation/pmp.hpp"
#include "fermata/riscv/types.hpp"

namespace fermata::riscv::core {

/// The CSRs that are plain registers. mstatus has no FS and SD here (see `HartState::fs`), mip only what software
/// wrote.
struct Csrs {
  std::uint64_t mstatus = 0, medeleg = 0, mideleg = 0, mie = 0, mip = 0, mtvec = 0, mcounteren = 0, menvcfg = 0;
  std::uint64_t mscratch = 0, mepc = 0, mcause = 0, mtval = 0, mcountinhibit = 0;
  std::uint64_t stvec = 0, scounteren = 0, senvcfg = 0, sscratch = 0, sepc = 0, scause = 0, stval = 0, satp = 0;
};

/// An LR's reservation. As in QEMU it is an address and the value that was there, so that a store of the same value in
/// between goes unnoticed; it ends with an SC, a trap, a return from one, and another hart's turn.
struct Reservation {
  bool is_valid = false;
  std::uint64_t address = 0;
  std::uint64_t value = 0;
};

struct HartState;

/// A load from a window whose value comes later: executed and counted, but for what `finish` does.
struct DeferredLoad {
  bool is_wanted = false;  ///< by the window, from within its read
  std::uint8_t rd = 0;
  void (*finish)(HartState& hart, std::uint8_t rd, std::uint64_t value) = nullptr;
};

/// Bits of `HartState::attention`: why the engine has to leave off between two instructions.
namespace attention {
inline constexpr std::uint32_t leave = 1;      ///< `Hart::leave` was called
inline constexpr std::uint32_t interrupt = 2;  ///< an interrupt is pending and enabled
inline constexpr std::uint32_t code = 4;       ///< the block that is executed was dropped
}  // namespace attention

/// Everything that a hart is, apart from what executes it: the architectural state, which is saved, and what an engine
/// derives from it and keeps at hand. One thread, but for `attention`.
struct HartState {
  // What an engine uses all the time. x[32] takes what is written to x0.
  std::array<std::uint64_t, 33> x{};
  std::array<std::uint64_t, 32> f{};
  std::uint64_t pc = 0;         ///< of the next instruction, whenever no block is executed
  std::uint64_t page = 0;       ///< the virtual page of the block that is executed
  std::uint64_t left = 0;       ///< of the budget, the whole of the block that is executed taken off
  Block* block = nullptr;       ///< that is executed
  MemoryView* data = nullptr;   ///< for loads and stores
  MemoryView* fetch = nullptr;  ///< for instructions
  Block** link = nullptr;       ///< where to put the block at `pc` once it is found, for whoever comes that way again
  std::atomic<std::uint32_t> attention{0};
  std::uint8_t fs = 0;  ///< mstatus.FS: 0 off, 1 initial, 2 clean, 3 dirty
  std::uint8_t frm = 0;
  std::uint8_t fflags = 0;
  Privilege privilege = Privilege::machine;
  std::uint32_t single_bits = 0;  ///< of the instruction, if a block that is not kept is executed

  Csrs csrs;
  std::uint64_t interrupt_lines = 0;  ///< as bits of mip
  Reservation reservation;
  bool is_waiting = false;  ///< in a WFI
  DeferredLoad deferred;    ///< not part of the saved state: nothing is saved while there is one
  translation::Pmp pmp;
  Counter instret;
  Counter cycle;

  // Counting. `counted` is the instructions before this run, `before` those of the run before the present one.
  std::uint64_t counted = 0;
  std::uint64_t before = 0;
  std::uint64_t budget = 0;  ///< of this run
  std::uint64_t start = 0;   ///< of this run, in the machine's count

  // Derived: by privilege, supervisor mode without and with SUM apart. Made when first used.
  std::array<std::unique_ptr<MemoryView>, 4> views;

  // Ports.
  std::uint64_t id = 0;
  bus::AddressSpace* memory = nullptr;
  clock::InstructionTime* time = nullptr;
  CodeCache* code = nullptr;
  std::function<std::uint64_t()> read_mtime;
  HartObserver* observer = nullptr;

  /// Instructions before the present one, since reset.
  [[nodiscard]] std::uint64_t count() const { return counted + before; }
  [[nodiscard]] bool needs_attention() const { return attention.load(std::memory_order_relaxed) != 0; }
  void write_f(unsigned index, std::uint64_t bits) {
    f[index] = bits;
    fs = 3;
  }
};

/// The interrupts that are pending: wires and what software wrote.
[[nodiscard]] inline std::uint64_t pending_interrupts(const HartState& hart) {
  return hart.csrs.mip | hart.interrupt_lines;
}

}  // namespace fermata::riscv::core
