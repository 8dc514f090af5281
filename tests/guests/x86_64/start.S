// SPDX-License-Identifier: MIT
//
// Entry by multiboot: 32-bit protected mode, interrupts off. Gives the processor segments of our own (the loader's
// table need not outlive it), and an interrupt table in which every line of the first interrupt controller ends at the
// same handler, which only acknowledges: such an interrupt ends a hlt and does nothing else.
.section .multiboot, "a"
.balign 4
    .long 0x1badb002, 0, -0x1badb002

.text
.globl _start
_start:
    mov $stack_end, %esp
    lgdt gdt_pointer
    ljmp $8, $1f
1:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss

    mov $idt + 0x20 * 8, %edi   // the gates of vectors 0x20 to 0x27
    mov $acknowledge, %eax
    mov %eax, %ebx
    shr $16, %ebx
2:  mov %ax, (%edi)
    movw $8, 2(%edi)
    movw $0x8e00, 4(%edi)
    mov %bx, 6(%edi)
    add $8, %edi
    cmp $idt_end, %edi
    jne 2b
    lidt idt_pointer

    call main
3:  hlt
    jmp 3b

acknowledge:
    push %eax
    mov $0x20, %al
    out %al, $0x20
    pop %eax
    iret

.section .rodata
.balign 8
gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff    // none, code, data
gdt_pointer:
    .word . - gdt - 1
    .long gdt
idt_pointer:
    .word idt_end - idt - 1
    .long idt

.bss
.balign 16
idt:
    .skip 0x28 * 8
idt_end:
    .balign 16
    .skip 4096
stack_end:
