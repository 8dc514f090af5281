// SPDX-License-Identifier: MIT
//
// Two cores (-smp 2). Core 0 reads the window's first word again and again, 20 us apart, and prints each tenth as
// `read=`; core 1 has both cores' translations forgotten without end, for which QEMU has core 0 stand. Never ends.
.equ WINDOW, 0x0b000000
.equ PSCI_CPU_ON, 0xc4000003
guest_main
    ldr x0, =PSCI_CPU_ON
    mov x1, #1
    adr x2, other_core
    mov x3, #0
    hvc #0
    ldr x19, =WINDOW
1:  mov x20, #10
2:  ldr x0, =20000
    bl spin_for
    ldr w21, [x19]
    subs x20, x20, #1
    b.ne 2b
    ldr x0, =label
    mov x1, x21
    bl print_line
    b 1b

other_core:
    tlbi vmalle1is
    dsb ish
    isb
    b other_core

.section .rodata
label: .asciz "read="
