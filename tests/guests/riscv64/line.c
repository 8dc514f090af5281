// SPDX-License-Identifier: MIT
//
// Sleeps until its external interrupt line rises, prints when that was, and again. Never ends.
#include "board.h"
#include "guest.h"

int main(void) {
  PLIC_PRIORITY(line_source) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << line_source;
  allow_wake_up_by(mie_external);
  for (;;) {
    const uint32_t source = PLIC_CLAIM;
    if (source == 0) {
      wait_for_interrupt();
      continue;
    }
    print_line("t=", clock_ns());
    PLIC_CLAIM = source;
  }
}
