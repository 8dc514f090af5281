@ SPDX-License-Identifier: MIT
@
@ Prints one line, then spins for ever.
.arch armv7-a
.globl _start
_start:
    ldr r0, =0x09000000         @ PL011: data at 0, flags at 0x18, control at 0x30
    ldr r1, =0x301              @ on, transmit, receive
    str r1, [r0, #0x30]
    adr r2, text
1:  ldrb r1, [r2], #1
    cmp r1, #0
    beq 3f
2:  ldr r3, [r0, #0x18]
    tst r3, #0x20               @ transmit queue full
    bne 2b
    str r1, [r0]
    b 1b
3:  b 3b

text: .asciz "hello\n"
