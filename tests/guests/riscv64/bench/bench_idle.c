// SPDX-License-Identifier: MIT
//
// Sleeps for the span that it was given, without waking, and powers off.
#include "bench.h"

int main(void) {
  timer_start(BENCH_SPAN_US * 1000);
  timer_wait();
  bench_end();
}
