// SPDX-License-Identifier: MIT
#include "board.h"
#include "guest.h"

static uint64_t timer_period;
static uint64_t timer_deadline;

void put_char(char c) {
  while (!(UART_LINE_STATUS & uart_tx_empty)) {
  }
  UART_DATA = (uint8_t)c;
}

uint64_t clock_ns(void) { return MTIME * mtime_period_ns; }

void timer_start(uint64_t period_ns) {
  timer_period = period_ns / mtime_period_ns;
  timer_deadline = MTIME + timer_period;
  MTIMECMP0 = timer_deadline;
  allow_wake_up_by(mie_timer);
}

void timer_wait(void) {
  while (MTIME < timer_deadline)
    wait_for_interrupt();
  timer_deadline += timer_period;
  MTIMECMP0 = timer_deadline;
}

void receive_start(void) {
  PLIC_PRIORITY(uart_source) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << uart_source;
  UART_FIFO_CONTROL = 1;
  UART_INTERRUPT_ENABLE = 1;
  allow_wake_up_by(mie_external);
}

char receive(void) {
  while (!(UART_LINE_STATUS & uart_rx_ready)) {
    wait_for_interrupt();
    PLIC_CLAIM = PLIC_CLAIM;  // claim, then complete
  }
  return (char)UART_DATA;
}

static _Noreturn void finish(uint32_t command) {
  FINISHER = command;
  for (;;)
    wait_for_interrupt();
}

void power_off(void) { finish(finisher_pass); }
void reset_machine(void) { finish(finisher_reset); }
void exit_with(int status) { finish(finisher_fail | (uint32_t)status << 16); }
