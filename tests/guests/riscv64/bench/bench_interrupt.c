// SPDX-License-Identifier: MIT
//
// Interrupts and little else: a timer interrupt every 5 us of virtual time, its handler in machine mode with all
// registers saved, a counter in between. As many interrupts as it was given; prints what came of it and how many
// instructions it took.
#include "bench.h"

enum { period = 50 };  // of mtime's 100 ns

static volatile uint64_t interrupts;
static uint64_t deadline;

// Reached by the trap vector below.
__attribute__((interrupt("machine"), aligned(4))) static void on_interrupt(void) {
  deadline += period;
  MTIMECMP0 = deadline;
  interrupts = interrupts + 1;
}

int main(void) {
  const uint64_t wanted = BENCH_ROUNDS;
  const uint64_t start = bench_instructions();
  uint64_t counted = 0;
  deadline = MTIME + period;
  MTIMECMP0 = deadline;
  __asm__ volatile("csrw mtvec, %0" : : "r"(on_interrupt));
  allow_wake_up_by(mie_timer);
  __asm__ volatile("csrsi mstatus, 8" : : : "memory");
  while (interrupts < wanted)
    ++counted;
  __asm__ volatile("csrci mstatus, 8" : : : "memory");
  bench_report(counted, start);
}
