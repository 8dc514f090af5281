// SPDX-License-Identifier: MIT
//
// Prints its clock every 10 ms of its own time. How far past each deadline it reads the clock depends on a computation
// whose length depends on its data, so two runs print the same only if they ran the same instructions at the same
// instants. Never ends.
#include "guest.h"

int main(void) {
  uint64_t deadline = clock_ns();
  uint32_t x = 1;
  for (;;) {
    deadline += 10000000;
    uint64_t now;
    do {
      for (uint32_t left = 16 + (x >> 24); left != 0; --left) {
        x = scramble(x);
        __asm__ volatile("" : "+r"(x));
      }
      now = clock_ns();
    } while (now < deadline);
    print_line("t=", now);
  }
}
