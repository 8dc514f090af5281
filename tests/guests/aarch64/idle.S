// SPDX-License-Identifier: MIT
//
// Sleeps; a timer wakes it every millisecond, and at every 100th wake-up it prints its clock. Never ends.
guest_main
    mov x0, #TIMER_INTID
    bl allow_wake_up_by
    mrs x20, cntfrq_el0
    mov x0, #1000
    udiv x20, x20, x0           // the period
    mrs x19, cntvct_el0
    add x19, x19, x20           // the next deadline
    msr cntv_cval_el0, x19
    mov x0, #1
    msr cntv_ctl_el0, x0
1:  mov x21, #100
2:  isb
    mrs x0, cntvct_el0
    cmp x0, x19
    b.hs 3f
    wfi
    b 2b
3:  add x19, x19, x20
    msr cntv_cval_el0, x19
    subs x21, x21, #1
    b.ne 2b
    bl clock_ns
    mov x1, x0
    ldr x0, =label
    bl print_line
    b 1b

.section .rodata
label: .asciz "t="
