// SPDX-License-Identifier: MIT
//
// Resets the machine after 1 ms, each time it starts.
guest_main
    ldr x0, =name
    bl print
    ldr x0, =1000000
    bl spin_for
    psci PSCI_SYSTEM_RESET

.section .rodata
name: .asciz "reset\n"
