// SPDX-License-Identifier: MIT
//
// Two harts (-smp 2) that read the window. Hart 0 reads its fifth word until that is not 0, and hart 1 writes the sixth
// once it has come some way. Then hart 0 wakes each millisecond, reads its first word, and prints that, how
// long it took by its own clock, and how far hart 1 has come meanwhile: `read=`, `took=`, `during=`. Hart 1 counts, and
// now and then reads the third word, which is to be one more each time: `faults=` says how often it was not. Never
// ends.
#include "board.h"
#include "guest.h"

enum { reads_each = 100000, way = 1000000 };

static uint64_t rounds, faults;

void secondary_main(int hart) {
  volatile uint32_t* const window = (volatile uint32_t*)(uintptr_t)window_base;
  allow_wake_up_by(mie_software);
  while (!MSIP(hart))
    wait_for_interrupt();
  uint32_t expected = window[2];
  for (uint64_t count = 1;; ++count) {
    __atomic_store_n(&rounds, count, __ATOMIC_RELEASE);
    if (count == way)
      window[5] = 1;
    if (count % reads_each == 0 && window[2] != ++expected)
      __atomic_store_n(&faults, faults + 1, __ATOMIC_RELEASE);
  }
}

int main(void) {
  volatile uint32_t* const window = (volatile uint32_t*)(uintptr_t)window_base;
  MSIP(1) = 1;
  while (window[4] == 0)
    continue;
  timer_start(1000000);
  for (;;) {
    timer_wait();
    const uint64_t begin = clock_ns();
    const uint64_t before = __atomic_load_n(&rounds, __ATOMIC_ACQUIRE);
    const uint32_t value = window[0];
    const uint64_t during = __atomic_load_n(&rounds, __ATOMIC_ACQUIRE) - before;
    const uint64_t took = clock_ns() - begin;
    window[1] = value + 1;
    print_line("read=", value);
    print_line("took=", took);
    print_line("during=", during);
    print_line("faults=", __atomic_load_n(&faults, __ATOMIC_ACQUIRE));
  }
}
