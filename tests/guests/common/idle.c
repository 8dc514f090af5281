// SPDX-License-Identifier: MIT
//
// Sleeps; a timer wakes it every millisecond, and at every 100th wake-up it prints its clock. Never ends.
#include "guest.h"

int main(void) {
  timer_start(1000000);
  for (;;) {
    for (int i = 0; i < 100; ++i)
      timer_wait();
    print_line("t=", clock_ns());
  }
}
