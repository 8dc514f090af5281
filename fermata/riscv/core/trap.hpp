// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/riscv/core/hart_state.hpp"

namespace fermata::riscv::core {

/// Takes an exception of the instruction at `hart.pc`; the pc is then the handler's. `is_counted` is for the observer.
void take_exception(HartState& hart, std::uint64_t cause, std::uint64_t value, bool is_counted = false);
/// Takes the foremost of the interrupts that are pending and enabled; false if there is none.
bool take_interrupt(HartState& hart);
/// Says in `hart.attention` whether there is an interrupt to take, and ends a WFI for one that is enabled in mie. To be
/// called when mip, mie, mideleg, mstatus or the privilege have changed.
void update_interrupts(HartState& hart);

/// MRET and SRET, at the present privilege; false, with nothing done: an illegal instruction there.
[[nodiscard]] bool return_from_machine_trap(HartState& hart);
[[nodiscard]] bool return_from_supervisor_trap(HartState& hart);

}  // namespace fermata::riscv::core
