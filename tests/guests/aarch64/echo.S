// SPDX-License-Identifier: MIT
//
// Sends back each byte that it receives, and sleeps in between. Never ends.
guest_main
    ldr x19, =UART
    mov w0, #0x60
    str w0, [x19, #UART_LINE_CONTROL]   // 8 bits, no queue: each byte interrupts
    mov w0, #0x10
    str w0, [x19, #UART_INTERRUPT_MASK]
    mov x0, #UART_INTID
    bl allow_wake_up_by
1:  ldr w0, [x19, #UART_FLAGS]
    tbz w0, #UART_RX_EMPTY_BIT, 2f
    wfi
    b 1b
2:  ldr w0, [x19, #UART_DATA]
    and w0, w0, #0xff
    bl put_char
    b 1b
