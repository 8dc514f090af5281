// SPDX-License-Identifier: MIT
//
// Computes for a fixed number of instructions, prints how long its own clock says that took, and powers off.
.equ ITERATIONS, 83333333       // of three instructions: 2 s at 8 ns each

guest_main
    ldr x0, =start
    bl print
    bl clock_ns
    mov x19, x0
    load_scramble_constants w21, w22
    mov w20, #1
    ldr x23, =ITERATIONS
1:  scramble w20, w21, w22
    subs x23, x23, #1
    b.ne 1b
    bl clock_ns
    sub x19, x0, x19
    ldr x0, =result
    mov x1, x20
    bl print_line
    ldr x0, =elapsed
    mov x1, x19
    bl print_line
    psci PSCI_SYSTEM_OFF

.section .rodata
start: .asciz "busy: start\n"
result: .asciz "busy: x="
elapsed: .asciz "busy: elapsed="
