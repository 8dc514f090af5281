// SPDX-License-Identifier: MIT
#include "uptime.h"

#include "board.h"

enum { period = mtime_hz / 100 };

static uint64_t deadline;
static volatile uint64_t hundredths;

void uptime_start(void) {
  deadline = MTIME + period;
  MTIMECMP = deadline;
  allow_interrupts_of(mie_timer);
}

// From the deadline before and not from now: however late the interrupt is taken, the count stays true.
void uptime_interrupt(void) {
  ++hundredths;
  deadline += period;
  MTIMECMP = deadline;
}

uint64_t uptime_hundredths(void) { return hundredths; }
