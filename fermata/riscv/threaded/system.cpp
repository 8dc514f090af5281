// SPDX-License-Identifier: MIT
//
// Fences, CSR instructions and the privileged instructions. All but the fences end a block, so that what they change
// holds for the next instruction.
#include <cstdint>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/csr_file.hpp"
#include "fermata/riscv/core/memory.hpp"
#include "fermata/riscv/core/trap.hpp"
#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {
namespace {

using core::CsrAccess;
namespace status = core::status;
namespace cause = core::cause;

Op* refuse(HartState& hart, Op* op) { return raise_illegal_counted(hart, op); }

/// Of the last instruction of the block.
std::uint64_t pc_of_last(const HartState& hart, const Op* op) {
  const Block& block = *hart.block;
  return hart.page + (block.physical & ~core::page_mask) + block.bytes - op->bytes();
}

Op* environment_call(HartState& hart, Op* op) {
  return raise_counted(hart, op, cause::ecall_from_user + static_cast<std::uint64_t>(hart.privilege), 0);
}

Op* breakpoint(HartState& hart, Op* op) { return raise_counted(hart, op, cause::breakpoint, pc_of_last(hart, op)); }

template <CsrAccess::Operation operation, bool is_immediate>
Op* access_csr(HartState& hart, Op* op) {
  note_count(hart, op);
  const auto old = core::access_csr(hart, {.number = static_cast<unsigned>(op->immediate),
                                           .operation = operation,
                                           .operand = is_immediate ? op->rs1 : hart.x[op->rs1],
                                           .writes = operation == CsrAccess::Operation::write || op->rs1 != 0});
  if (!old) {
    return raise_illegal(hart, op);
  }
  hart.x[op->rd] = *old;
  leave_after(hart, op);
  return nullptr;
}

template <bool (*function)(HartState&)>
Op* return_from_trap(HartState& hart, Op* op) {
  return function(hart) ? nullptr : raise_illegal(hart, op);
}

Op* wait_for_interrupt(HartState& hart, Op* op) {
  if (hart.privilege == Privilege::user ||
      (hart.privilege == Privilege::supervisor && (hart.csrs.mstatus & status::tw) != 0)) {
    return raise_illegal(hart, op);
  }
  hart.is_waiting = (core::pending_interrupts(hart) & hart.csrs.mie) == 0;
  leave_after(hart, op);
  return nullptr;
}

Op* fence_translations(HartState& hart, Op* op) {
  if (hart.privilege == Privilege::user ||
      (hart.privilege == Privilege::supervisor && (hart.csrs.mstatus & status::tvm) != 0)) {
    return raise_illegal(hart, op);
  }
  core::flush_translations(hart);
  leave_after(hart, op);
  return nullptr;
}

/// Code is coherent with memory all the time, and memory accesses are in order.
Op* fence_memory(HartState& hart, Op* op) { return next(hart, op); }

}  // namespace

void add_system(Handlers& handlers) {
  using enum decoding::Opcode;
  handlers[illegal] = refuse;
  handlers[ecall] = environment_call;
  handlers[ebreak] = breakpoint;
  handlers[fence] = fence_memory;
  handlers[fence_i] = fence_memory;
  handlers[csrrw] = access_csr<CsrAccess::Operation::write, false>;
  handlers[csrrs] = access_csr<CsrAccess::Operation::set, false>;
  handlers[csrrc] = access_csr<CsrAccess::Operation::clear, false>;
  handlers[csrrwi] = access_csr<CsrAccess::Operation::write, true>;
  handlers[csrrsi] = access_csr<CsrAccess::Operation::set, true>;
  handlers[csrrci] = access_csr<CsrAccess::Operation::clear, true>;
  handlers[mret] = return_from_trap<core::return_from_machine_trap>;
  handlers[sret] = return_from_trap<core::return_from_supervisor_trap>;
  handlers[wfi] = wait_for_interrupt;
  handlers[sfence_vma] = fence_translations;
}

}  // namespace fermata::riscv::threaded
