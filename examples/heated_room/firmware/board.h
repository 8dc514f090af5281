// SPDX-License-Identifier: MIT
//
// Registers of the embedded machine, which are those of QEMU's riscv64 virt board: the firmware runs on both.
#pragma once
#include <stdint.h>

#define REG8(address) (*(volatile uint8_t*)(address))
#define REG32(address) (*(volatile uint32_t*)(address))
#define REG64(address) (*(volatile uint64_t*)(address))

// SiFive test finisher: ends the machine, with a status in the upper half where it says fail.
#define FINISHER REG32(0x00100000)
enum { finisher_fail = 0x3333, finisher_pass = 0x5555 };

// ACLINT, hart 0.
#define MTIMECMP REG64(0x02004000)
#define MTIME REG64(0x0200bff8)
enum { mtime_hz = 10000000 };

// PLIC, the context of hart 0's machine mode.
#define PLIC_PRIORITY(source) REG32(0x0c000000 + 4 * (uintptr_t)(source))
#define PLIC_ENABLE REG32(0x0c002000)
#define PLIC_THRESHOLD REG32(0x0c200000)
#define PLIC_CLAIM REG32(0x0c200004)
enum { uart_source = 10 };

// 16550 UART, by the names of its data sheet.
#define UART_RBR REG8(0x10000000)
#define UART_THR REG8(0x10000000)
#define UART_DLL REG8(0x10000000)
#define UART_IER REG8(0x10000001)
#define UART_DLM REG8(0x10000001)
#define UART_IIR REG8(0x10000002)
#define UART_FCR REG8(0x10000002)
#define UART_LCR REG8(0x10000003)
#define UART_MCR REG8(0x10000004)
#define UART_LSR REG8(0x10000005)
enum { uart_clock_hz = 3686400 };

// Bits of mstatus, mie and mcause (RISC-V Privileged Specification, sections 3.1.6, 3.1.9 and 3.1.15).
enum { mstatus_mie = 1 << 3 };
enum { mie_timer = 1 << 7, mie_external = 1 << 11 };
#define MCAUSE_INTERRUPT (UINT64_C(1) << 63)
enum { machine_timer = 7, machine_external = 11 };

static inline void allow_interrupts_of(uint64_t mie_bits) { __asm__ volatile("csrs mie, %0" : : "r"(mie_bits)); }
static inline void interrupts_on(void) { __asm__ volatile("csrs mstatus, %0" : : "r"(mstatus_mie) : "memory"); }
static inline void interrupts_off(void) { __asm__ volatile("csrc mstatus, %0" : : "r"(mstatus_mie) : "memory"); }
// Returns when an interrupt is pending, also while interrupts are off.
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" : : : "memory"); }
