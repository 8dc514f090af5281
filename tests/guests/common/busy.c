// SPDX-License-Identifier: MIT
//
// Computes for a fixed number of instructions, prints how long its own clock says that took, and powers off.
#include "guest.h"

enum { iterations = 50000000 };  // of four instructions on x86_64, five on riscv64: 1.6 s and 2 s at 8 ns each

int main(void) {
  print("busy: start\n");
  const uint64_t start = clock_ns();
  uint32_t x = 1;
  for (uint32_t left = iterations; left != 0; --left) {
    x = scramble(x);
    __asm__ volatile("" : "+r"(x));  // neither unrolled nor folded
  }
  const uint64_t elapsed = clock_ns() - start;
  print_line("busy: x=", x);
  print_line("busy: elapsed=", elapsed);
  power_off();
}
