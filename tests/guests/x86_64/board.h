// SPDX-License-Identifier: MIT
//
// Ports of QEMU's pc and q35 boards.
#pragma once
#include <stdint.h>

enum {
  pic_command = 0x20,
  pic_data = 0x21,
  pit_channel0 = 0x40,
  pit_command = 0x43,
  debug_exit = 0x501,   // -device isa-debug-exit,iobase=0x501,iosize=4: status is twice what is written, plus 1
  pvpanic = 0x505,      // -device pvpanic
  pm1_control = 0x604,  // where SeaBIOS puts the ACPI block of both boards
  reset_control = 0xcf9,

  com1_data = 0x3f8,
  com1_interrupt_enable = 0x3f9,
  com1_fifo_control = 0x3fa,
  com1_modem_control = 0x3fc,
  com1_line_status = 0x3fd,
};
enum { pit_irq = 0, com1_irq = 4 };
enum { line_source = 20 };       // of the I/O APIC; no device's
#define window_base 0xe0000000U  // nor is this range
enum { uart_rx_ready = 0x01, uart_tx_empty = 0x20 };

static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
// Interrupts are let in for the hlt only: sti takes effect after the instruction that follows it, so none is missed.
static inline void wait_for_interrupt(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }
