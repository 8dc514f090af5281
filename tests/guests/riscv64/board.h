// SPDX-License-Identifier: MIT
//
// Registers of QEMU's riscv64 virt board.
#pragma once
#include <stdint.h>

#define REG8(address) (*(volatile uint8_t*)(address))
#define REG32(address) (*(volatile uint32_t*)(address))
#define REG64(address) (*(volatile uint64_t*)(address))

#define FINISHER REG32(0x00100000)
enum { finisher_fail = 0x3333, finisher_pass = 0x5555, finisher_reset = 0x7777 };

#define MSIP(hart) REG32(0x02000000 + 4 * (uintptr_t)(hart))
#define MTIMECMP0 REG64(0x02004000)
#define MTIME REG64(0x0200bff8)
enum { mtime_period_ns = 100 };
enum { max_harts = 8 };  // as many as start.S has stacks for

// The context of hart 0's machine mode.
#define PLIC_PRIORITY(source) REG32(0x0c000000 + 4 * (source))
#define PLIC_ENABLE REG32(0x0c002000)
#define PLIC_THRESHOLD REG32(0x0c200000)
#define PLIC_CLAIM REG32(0x0c200004)
enum { uart_source = 10, line_source = 20 };  // the second is no device's
enum { window_base = 0x10010000 };            // nor is this range

#define UART_DATA REG8(0x10000000)
#define UART_INTERRUPT_ENABLE REG8(0x10000001)
#define UART_FIFO_CONTROL REG8(0x10000002)
#define UART_LINE_STATUS REG8(0x10000005)
enum { uart_rx_ready = 0x01, uart_tx_empty = 0x20 };

// Bits of mie. With mstatus.MIE clear such an interrupt ends a wfi, but is not taken.
enum { mie_software = 1 << 3, mie_timer = 1 << 7, mie_external = 1 << 11 };
static inline void allow_wake_up_by(uint64_t mie_bits) { __asm__ volatile("csrs mie, %0" : : "r"(mie_bits)); }
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" : : : "memory"); }
