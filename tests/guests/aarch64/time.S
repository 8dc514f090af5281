// SPDX-License-Identifier: MIT
//
// Prints its clock every 10 ms of its own time; see common/time.c. Never ends.
guest_main
    load_scramble_constants w21, w22
    mov w20, #1
    ldr x23, =10000000
    bl clock_ns
    mov x19, x0
1:  add x19, x19, x23           // the next deadline
2:  lsr w4, w20, #24
    add w4, w4, #16
3:  scramble w20, w21, w22
    subs w4, w4, #1
    b.ne 3b
    bl clock_ns
    cmp x0, x19
    b.lo 2b
    mov x1, x0
    ldr x0, =label
    bl print_line
    b 1b

.section .rodata
label: .asciz "t="
