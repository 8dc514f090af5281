// SPDX-License-Identifier: MIT
//
// Powers the machine off after 1 ms.
#include "guest.h"

int main(void) {
  print("poweroff\n");
  spin_for(1000000);
  power_off();
}
