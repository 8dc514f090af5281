// SPDX-License-Identifier: MIT
//
// Sleeps for the span that it was given, woken by a timer every 1 ms, and powers off at the first one after it.
#include "bench.h"

int main(void) {
  timer_start(1000000);
  for (uint64_t left = BENCH_SPAN_US; left > 0; left -= left < 1000 ? left : 1000)
    timer_wait();
  bench_end();
}
