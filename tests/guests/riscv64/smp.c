// SPDX-License-Identifier: MIT
//
// Several harts (-smp 2 to 8). Hart 0 starts the others, wakes every 500 us and prints its clock and how far hart 1 has
// come; the others compute without end. A late wake-up is caught up at once, so the number of lines stays true to time.
// Never ends.
#include "board.h"
#include "guest.h"

static uint64_t rounds_of_hart1;

void secondary_main(int hart) {
  allow_wake_up_by(mie_software);
  while (!MSIP(hart))
    wait_for_interrupt();
  uint32_t x = (uint32_t)hart;
  for (uint64_t rounds = 1;; ++rounds) {
    for (uint32_t left = 16 + (x >> 24); left != 0; --left) {
      x = scramble(x);
      __asm__ volatile("" : "+r"(x));
    }
    if (hart == 1)
      __atomic_store_n(&rounds_of_hart1, rounds, __ATOMIC_RELEASE);
  }
}

int main(void) {
  timer_start(500000);
  for (int hart = 1; hart < max_harts; ++hart)
    MSIP(hart) = 1;
  for (;;) {
    timer_wait();
    print("t=");
    print_number(clock_ns());
    print_line(" hart1=", __atomic_load_n(&rounds_of_hart1, __ATOMIC_ACQUIRE));
  }
}
