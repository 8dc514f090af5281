// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/trap.hpp"

#include <array>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/memory.hpp"

namespace fermata::riscv::core {
namespace {

constexpr std::uint64_t bit(Interrupt line) { return std::uint64_t{1} << static_cast<unsigned>(line); }

// Privileged specification, "mip and mie": the order in which simultaneous interrupts are taken.
constexpr std::array interrupt_order{Interrupt::machine_external,    Interrupt::machine_software,
                                     Interrupt::machine_timer,       Interrupt::supervisor_external,
                                     Interrupt::supervisor_software, Interrupt::supervisor_timer};

struct Enabled {
  std::uint64_t to_machine;
  std::uint64_t to_supervisor;
};

Enabled enabled_interrupts(const HartState& hart) {
  const std::uint64_t pending = pending_interrupts(hart) & hart.csrs.mie;
  const bool machine_takes = hart.privilege != Privilege::machine || (hart.csrs.mstatus & status::mie) != 0;
  const bool supervisor_takes = hart.privilege == Privilege::user ||
                                (hart.privilege == Privilege::supervisor && (hart.csrs.mstatus & status::sie) != 0);
  return {.to_machine = machine_takes ? pending & ~hart.csrs.mideleg : 0,
          .to_supervisor = supervisor_takes ? pending & hart.csrs.mideleg : 0};
}

std::uint64_t handler_address(std::uint64_t tvec, std::uint64_t trap_cause) {
  const bool is_vectored = (tvec & 3) == 1 && (trap_cause & cause::interrupt) != 0;
  return (tvec & ~std::uint64_t{3}) + (is_vectored ? (trap_cause & ~cause::interrupt) * 4 : 0);
}

/// Sets `field` of mstatus as `from` has another one.
void copy_bit(std::uint64_t& mstatus, std::uint64_t field, std::uint64_t from) {
  mstatus = (mstatus & ~field) | ((mstatus & from) != 0 ? field : 0);
}

void enter_supervisor(HartState& hart, std::uint64_t trap_cause, std::uint64_t value) {
  Csrs& csrs = hart.csrs;
  copy_bit(csrs.mstatus, status::spie, status::sie);
  csrs.mstatus &= ~(status::sie | status::spp);
  csrs.mstatus |= hart.privilege == Privilege::supervisor ? status::spp : 0;
  csrs.scause = trap_cause;
  csrs.sepc = hart.pc;
  csrs.stval = value;
  hart.pc = handler_address(csrs.stvec, trap_cause);
  hart.privilege = Privilege::supervisor;
}

void enter_machine(HartState& hart, std::uint64_t trap_cause, std::uint64_t value) {
  Csrs& csrs = hart.csrs;
  copy_bit(csrs.mstatus, status::mpie, status::mie);
  csrs.mstatus &= ~(status::mie | status::mpp);
  csrs.mstatus |= static_cast<std::uint64_t>(hart.privilege) << status::mpp_shift;
  csrs.mcause = trap_cause;
  csrs.mepc = hart.pc;
  csrs.mtval = value;
  hart.pc = handler_address(csrs.mtvec, trap_cause);
  hart.privilege = Privilege::machine;
}

void enter(HartState& hart, std::uint64_t trap_cause, std::uint64_t value, bool is_delegated, bool is_counted) {
  Trap trap{.cause = trap_cause,
            .pc = hart.pc,
            .value = value,
            .from = hart.privilege,
            .to = is_delegated ? Privilege::supervisor : Privilege::machine,
            .is_counted = is_counted};
  is_delegated ? enter_supervisor(hart, trap_cause, value) : enter_machine(hart, trap_cause, value);
  hart.reservation.is_valid = false;
  update_views(hart);
  update_interrupts(hart);
  if (hart.observer != nullptr) {
    trap.target = hart.pc;
    hart.observer->trapped(hart.id, trap);
  }
}

void return_to(HartState& hart, Privilege privilege, std::uint64_t pc) {
  if (privilege != Privilege::machine) {
    hart.csrs.mstatus &= ~status::mprv;
  }
  hart.privilege = privilege;
  hart.pc = pc;
  hart.reservation.is_valid = false;
  update_views(hart);
  update_interrupts(hart);
}

}  // namespace

void take_exception(HartState& hart, std::uint64_t trap_cause, std::uint64_t value, bool is_counted) {
  const bool is_delegated = hart.privilege != Privilege::machine && (hart.csrs.medeleg >> trap_cause & 1) != 0;
  enter(hart, trap_cause, value, is_delegated, is_counted);
}

bool take_interrupt(HartState& hart) {
  const Enabled enabled = enabled_interrupts(hart);
  const std::uint64_t candidates = enabled.to_machine != 0 ? enabled.to_machine : enabled.to_supervisor;
  for (const Interrupt line : interrupt_order) {
    if ((candidates & bit(line)) != 0) {
      enter(hart, cause::interrupt | static_cast<std::uint64_t>(line), 0, enabled.to_machine == 0, false);
      return true;
    }
  }
  return false;
}

void update_interrupts(HartState& hart) {
  if ((pending_interrupts(hart) & hart.csrs.mie) != 0) {
    hart.is_waiting = false;
  }
  const Enabled enabled = enabled_interrupts(hart);
  if ((enabled.to_machine | enabled.to_supervisor) != 0) {
    hart.attention.fetch_or(attention::interrupt, std::memory_order_relaxed);
  } else if ((hart.attention.load(std::memory_order_relaxed) & attention::interrupt) != 0) {
    hart.attention.fetch_and(~attention::interrupt, std::memory_order_relaxed);
  }
}

bool return_from_machine_trap(HartState& hart) {
  if (hart.privilege != Privilege::machine) {
    return false;
  }
  std::uint64_t& mstatus = hart.csrs.mstatus;
  const auto privilege = static_cast<Privilege>(mstatus >> status::mpp_shift & 3);
  copy_bit(mstatus, status::mie, status::mpie);
  mstatus |= status::mpie;
  mstatus &= ~status::mpp;
  return_to(hart, privilege, hart.csrs.mepc);
  return true;
}

bool return_from_supervisor_trap(HartState& hart) {
  std::uint64_t& mstatus = hart.csrs.mstatus;
  if (hart.privilege == Privilege::user || (hart.privilege == Privilege::supervisor && (mstatus & status::tsr) != 0)) {
    return false;
  }
  const Privilege privilege = (mstatus & status::spp) != 0 ? Privilege::supervisor : Privilege::user;
  copy_bit(mstatus, status::sie, status::spie);
  mstatus |= status::spie;
  mstatus &= ~status::spp;
  return_to(hart, privilege, hart.csrs.sepc);
  return true;
}

}  // namespace fermata::riscv::core
