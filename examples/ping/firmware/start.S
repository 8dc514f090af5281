// SPDX-License-Identifier: MIT
//
// Entry in machine mode. Interrupts only end a wfi and are never taken, so there is no trap handler. RAM is zero at the
// start, so .bss needs no clearing.
.section .init
.globl _start
_start:
    csrw mie, zero
    csrr t0, mhartid
    bnez t0, park               // one hart answers
    la sp, stack_end
    call main
park:
    wfi
    j park

.bss
.balign 16
    .skip 4096
stack_end:
