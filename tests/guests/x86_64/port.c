// SPDX-License-Identifier: MIT
#include "board.h"
#include "guest.h"

void put_char(char c) {
  while (!(in8(com1_line_status) & uart_tx_empty)) {
  }
  out8(com1_data, (uint8_t)c);
}

// The time-stamp counter, which counts nanoseconds of virtual time under -icount.
uint64_t clock_ns(void) {
  uint64_t ticks;
  __asm__ volatile("rdtsc" : "=A"(ticks));
  return ticks;
}

// Lets one line of the first interrupt controller through, at vectors 0x20 to 0x27.
static void allow_wake_up_by(int irq) {
  out8(pic_command, 0x11);
  out8(pic_data, 0x20);
  out8(pic_data, 0x04);
  out8(pic_data, 0x01);
  out8(pic_data, (uint8_t) ~(1U << irq));
}

// The periodic timer counts at 1.193182 MHz, so the period is met to 0.8 us.
void timer_start(uint64_t period_ns) {
  const uint32_t divisor = (uint32_t)period_ns / 1000 * 1193 / 1000;
  out8(pit_command, 0x34);
  out8(pit_channel0, (uint8_t)divisor);
  out8(pit_channel0, (uint8_t)(divisor >> 8));
  allow_wake_up_by(pit_irq);
}

void timer_wait(void) { wait_for_interrupt(); }

void receive_start(void) {
  allow_wake_up_by(com1_irq);
  out8(com1_fifo_control, 0x01);
  out8(com1_modem_control, 0x0b);  // the UART's interrupt reaches the controller through its output 2
  out8(com1_interrupt_enable, 0x01);
}

char receive(void) {
  while (!(in8(com1_line_status) & uart_rx_ready))
    wait_for_interrupt();
  return (char)in8(com1_data);
}

static _Noreturn void halt(void) {
  for (;;)
    __asm__ volatile("hlt");
}

void power_off(void) {
  out16(pm1_control, 0x2000);
  halt();
}

void reset_machine(void) {
  out8(reset_control, 0x06);
  halt();
}

void exit_with(int status) {
  out8(debug_exit, (uint8_t)(status >> 1));
  halt();
}
