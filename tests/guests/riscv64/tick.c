// SPDX-License-Identifier: MIT
//
// Exercises the tick timer of the embedded machine (a QEMU has none): one-shot, scaled, periodic, polled, frozen; or,
// as tick_anywhere, one of which a loader has put address and PLIC source at 0x80100000 as two 64-bit numbers: so one
// program finds it on the board or outside the machine.
// Prints what it saw by the machine's other clock, mtime, in ns, and powers off. Spans that interrupts end are a little
// longer than nominal, by what it takes to wake up and read mtime.
#include "board.h"
#include "guest.h"

#ifdef TICK_ANYWHERE
#define PARAMETERS ((const volatile uintptr_t*)0x80100000)
#define TICK_BASE (PARAMETERS[0])
#define TICK_SOURCE (PARAMETERS[1])
#else
#define TICK_BASE 0x10200000
#define TICK_SOURCE 12
#endif
#define TICK_CONTROL REG32(TICK_BASE + 0x00)
#define TICK_SCALE REG32(TICK_BASE + 0x04)
#define TICK_STATUS REG32(TICK_BASE + 0x08)
#define TICK_COUNTER REG32(TICK_BASE + 0x0c)
#define TICK_RELOAD REG32(TICK_BASE + 0x10)
enum { tick_interrupt = 1, tick_periodic = 2, tick_active = 4 };
enum { tick_expired = 1, tick_running = 2 };
enum { tick_period_ns = 1000 };

static void listen(void) {
  PLIC_PRIORITY(TICK_SOURCE) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << TICK_SOURCE;
  allow_wake_up_by(mie_external);
}

// Sleeps until the timer has expired, acknowledges, and returns when that was seen.
static uint64_t await_expiry(void) {
  uint32_t source = PLIC_CLAIM;
  while (source != TICK_SOURCE) {
    wait_for_interrupt();
    source = PLIC_CLAIM;
  }
  const uint64_t seen = clock_ns();
  TICK_STATUS = tick_expired;
  PLIC_CLAIM = source;
  return seen;
}

static void one_shot(const char* label, uint32_t scale, uint32_t count) {
  TICK_SCALE = scale;
  const uint64_t start = clock_ns();
  TICK_COUNTER = count;
  print_line("running=", TICK_STATUS);
  print_line(label, await_expiry() - start);
  print_line("left=", TICK_COUNTER);
  print_line("status=", TICK_STATUS);
  TICK_SCALE = 1;
}

static void periodic(uint32_t count) {
  TICK_CONTROL = tick_interrupt | tick_periodic | tick_active;
  const uint64_t start = clock_ns();
  TICK_COUNTER = count;
  for (int k = 0; k < 20; ++k)
    print_line("periodic=", await_expiry() - start);
  print_line("reload=", TICK_RELOAD);
  TICK_CONTROL = tick_interrupt;  // stops it
}

// Reads the counter as fast as it can until it has expired. How often it was not what mtime says, give or take the
// count that lies between two reads, shows whether reading disturbs it.
static void polled(uint32_t count) {
  TICK_CONTROL = tick_active;
  const uint64_t start = clock_ns();
  TICK_COUNTER = count;
  uint64_t polls = 0;
  uint64_t wrong = 0;
  uint32_t left;
  do {
    left = TICK_COUNTER;
    const uint64_t passed = (clock_ns() - start) / tick_period_ns;
    const uint64_t gone = count - left;
    wrong += gone > passed || gone + 1 < passed;
    ++polls;
  } while (left > 0);
  print_line("polled=", clock_ns() - start);
  print_line("polls=", polls);
  print_line("wrong=", wrong);
  print_line("status=", TICK_STATUS);
  TICK_STATUS = tick_expired;
}

static void frozen(void) {
  TICK_CONTROL = tick_active;
  TICK_COUNTER = 1000;
  spin_for(300500);
  TICK_CONTROL = 0;
  print_line("frozen=", TICK_COUNTER);
  spin_for(1000000);
  print_line("frozen=", TICK_COUNTER);
  TICK_COUNTER = 5;  // ignored
  print_line("frozen=", TICK_COUNTER);
  print_line("status=", TICK_STATUS);
}

int main(void) {
  listen();
  print_line("control=", TICK_CONTROL);
  one_shot("once=", 1, 1000);
  one_shot("scaled=", 7, 500);
  TICK_SCALE = 0;  // ignored
  print_line("scale=", TICK_SCALE);
  one_shot("at once=", 1, 0);
  periodic(250);
  polled(2000);
  frozen();
  power_off();
}
