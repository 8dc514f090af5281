// SPDX-License-Identifier: MIT
.text

// put_char(w0)
.globl put_char
put_char:
    ldr x1, =UART
1:  ldr w2, [x1, #UART_FLAGS]
    tbnz w2, #UART_TX_FULL_BIT, 1b
    str w0, [x1, #UART_DATA]
    ret

// print(x0: text, ends with a zero byte)
.globl print
print:
    stp x29, x30, [sp, #-16]!
    mov x3, x0
1:  ldrb w0, [x3], #1
    cbz w0, 2f
    bl put_char
    b 1b
2:  ldp x29, x30, [sp], #16
    ret

// print_line(x0: label, x1: number)
.globl print_line
print_line:
    stp x29, x30, [sp, #-48]!
    mov x4, x1
    bl print
    add x3, sp, #46             // the digits, from the last one to the left, between the saved registers and here
    mov w0, #'\n'
    strb w0, [x3]
    strb wzr, [x3, #1]
    mov x5, #10
1:  udiv x6, x4, x5
    msub x7, x6, x5, x4
    add w7, w7, #'0'
    strb w7, [x3, #-1]!
    mov x4, x6
    cbnz x4, 1b
    mov x0, x3
    bl print
    ldp x29, x30, [sp], #48
    ret

// clock_ns() -> x0: the generic timer, whose period is a whole number of nanoseconds on this board
.globl clock_ns
clock_ns:
    isb
    mrs x0, cntvct_el0
    mrs x1, cntfrq_el0
    ldr x2, =1000000000
    udiv x2, x2, x1
    mul x0, x0, x2
    ret

// spin_for(x0: ns)
.globl spin_for
spin_for:
    stp x29, x30, [sp, #-16]!
    mov x3, x0
    bl clock_ns
    add x3, x3, x0
1:  bl clock_ns
    cmp x0, x3
    b.lo 1b
    ldp x29, x30, [sp], #16
    ret

// allow_wake_up_by(w0: INTID, below 64): the interrupt ends a wfi, but is not taken
.globl allow_wake_up_by
allow_wake_up_by:
    ldr x1, =GIC_DISTRIBUTOR
    ldr x2, =GIC_CPU
    mov w3, #1
    str w3, [x1]                // forward
    str w3, [x2]
    mov w4, #0xff
    str w4, [x2, #4]            // every priority
    add x5, x1, #GIC_TARGETS
    strb w3, [x5, x0]           // to CPU 0; read-only for the CPU's own ones, which need it not
    add x5, x1, #GIC_ENABLE
    lsr w6, w0, #5
    lsl w3, w3, w0              // the shift is modulo 32
    str w3, [x5, x6, lsl #2]
    ret
