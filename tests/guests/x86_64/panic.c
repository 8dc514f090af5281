// SPDX-License-Identifier: MIT
//
// Reports a panic to the machine after 1 ms.
#include "board.h"
#include "guest.h"

int main(void) {
  print("panic\n");
  spin_for(1000000);
  out8(pvpanic, 1);
  for (;;)
    wait_for_interrupt();
}
