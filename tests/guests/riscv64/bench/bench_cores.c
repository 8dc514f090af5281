// SPDX-License-Identifier: MIT
//
// A fixed amount of work, shared out evenly: BENCH_ROUNDS rounds of 1000 steps over so many harts as the word behind
// says. The last one done lets hart 0 power off.
#include "bench.h"

#define BENCH_HARTS REG64(0x80100008)
enum { steps_of_a_round = 1000 };

static uint64_t done;

static void work(uint32_t x) {
  for (uint64_t rounds = BENCH_ROUNDS / BENCH_HARTS; rounds != 0; --rounds) {
    for (uint32_t left = steps_of_a_round; left != 0; --left) {
      x = scramble(x);
      __asm__ volatile("" : "+r"(x));  // neither unrolled nor folded
    }
  }
}

void secondary_main(int hart) {
  allow_wake_up_by(mie_software);
  while (!MSIP(hart))
    wait_for_interrupt();
  MSIP(hart) = 0;
  work((uint32_t)hart);
  __atomic_add_fetch(&done, 1, __ATOMIC_ACQ_REL);
  MSIP(0) = 1;
}

int main(void) {
  const uint64_t others = BENCH_HARTS - 1;
  allow_wake_up_by(mie_software);
  for (uint64_t hart = 1; hart <= others; ++hart)
    MSIP(hart) = 1;
  work(0);
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != others) {
    wait_for_interrupt();
    MSIP(0) = 0;
  }
  bench_end();
}
