// SPDX-License-Identifier: MIT
//
// Two harts (-smp 2) that never pause and leave what they know of time in memory, at 0x80100000: hart 0 the clock that
// it has read last and how many timer interrupts it has seen, one every ms; hart 1 its clock and how often it has gone
// through its loop of five instructions. Prints nothing, never ends.
#include "board.h"
#include "guest.h"

enum { known_base = 0x80100000, period_us = 1000, mip_timer = 1 << 7 };
#define KNOWN(index) REG64(known_base + 8 * (uintptr_t)(index))
enum { clock_of_hart0, interrupts, clock_of_hart1, loops };

void secondary_main(int hart) {
  allow_wake_up_by(mie_software);
  while (!MSIP(hart))
    wait_for_interrupt();
  uint64_t time, count = 0;
  __asm__ volatile(
      "1: rdtime %0\n"
      "sd %0, 0(%2)\n"
      "addi %1, %1, 1\n"
      "sd %1, 8(%2)\n"
      "j 1b"
      : "=&r"(time), "+&r"(count)
      : "r"(&KNOWN(clock_of_hart1))
      : "memory");
}

int main(void) {
  const uint64_t period = period_us * 1000 / mtime_period_ns;
  uint64_t deadline = MTIME + period;
  MTIMECMP0 = deadline;
  MSIP(1) = 1;
  for (;;) {
    uint64_t time, pending;
    __asm__ volatile("rdtime %0" : "=r"(time));
    KNOWN(clock_of_hart0) = time;
    __asm__ volatile("csrr %0, mip" : "=r"(pending));
    if (pending & mip_timer) {
      KNOWN(interrupts) = KNOWN(interrupts) + 1;
      deadline += period;
      MTIMECMP0 = deadline;
    }
  }
}
