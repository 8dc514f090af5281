// SPDX-License-Identifier: MIT
//
// How much a bench guest is to do: virtual time in us, or rounds of its work. The emulator puts it there:
//   -device loader,addr=0x80100000,data=NUMBER,data-len=8
#pragma once
#include "board.h"
#include "guest.h"

#define BENCH_SPAN_US REG64(0x80100000)
#define BENCH_ROUNDS REG64(0x80100000)

static inline uint64_t bench_instructions(void) {
  uint64_t count;
  __asm__ volatile("csrr %0, minstret" : "=r"(count));
  return count;
}

// Leaves the timer's interrupt pending, so that the machine does not go to sleep while QEMU is about to end it: QEMU
// warns of a machine that nothing can wake.
static inline _Noreturn void bench_end(void) {
  timer_start(0);
  power_off();
}

// Says what came of the work and how many instructions it took since `start`, and ends.
static inline _Noreturn void bench_report(uint64_t result, uint64_t start) {
  const uint64_t end = bench_instructions();
  print_line("result=", result);
  print_line("instructions=", end - start);
  bench_end();
}
