// SPDX-License-Identifier: MIT
//
// Entry of all harts in machine mode, interrupts off. Hart 0 calls main(), the others secondary_main(hart), each on a
// stack of its own. RAM is zero at the start, so .bss needs no clearing.
.section .init
.globl _start
_start:
    csrw mie, zero
    csrr a0, mhartid
    li t0, 8
    bgeu a0, t0, park           // stacks for eight harts
    la sp, stacks
    addi t0, a0, 1
    slli t0, t0, 12
    add sp, sp, t0
    bnez a0, secondary
    call main
park:
    wfi
    j park
secondary:
    call secondary_main
    j park

.text
.weak secondary_main
secondary_main:
    ret

.bss
.balign 16
stacks:
    .skip 8 * 4096
