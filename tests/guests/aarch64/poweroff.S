// SPDX-License-Identifier: MIT
//
// Powers the machine off after 1 ms.
guest_main
    ldr x0, =name
    bl print
    ldr x0, =1000000
    bl spin_for
    psci PSCI_SYSTEM_OFF

.section .rodata
name: .asciz "poweroff\n"
