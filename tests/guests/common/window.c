// SPDX-License-Identifier: MIT
//
// Reads a word of the window each millisecond, prints it and how long that took by its own clock, and writes its
// successor behind it. Never ends.
#include "board.h"
#include "guest.h"

int main(void) {
  volatile uint32_t* const window = (volatile uint32_t*)(uintptr_t)window_base;
  timer_start(1000000);
  for (;;) {
    timer_wait();
    const uint64_t begin = clock_ns();
    const uint32_t value = window[0];
    const uint64_t took = clock_ns() - begin;
    window[1] = value + 1;
    print_line("read=", value);
    print_line("took=", took);
  }
}
