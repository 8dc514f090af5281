// SPDX-License-Identifier: MIT
//
// How much virtual time a bench guest is to take, in us. QEMU puts it there:
//   -device loader,addr=0x80100000,data=MICROSECONDS,data-len=8
#pragma once
#include "board.h"
#include "guest.h"

#define BENCH_SPAN_US REG64(0x80100000)

// Leaves the timer's interrupt pending, so that the machine does not go to sleep while QEMU is about to end it: QEMU
// warns of a machine that nothing can wake.
static inline _Noreturn void bench_end(void) {
  timer_start(0);
  power_off();
}
