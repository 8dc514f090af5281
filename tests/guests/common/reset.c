// SPDX-License-Identifier: MIT
//
// Resets the machine after 1 ms, each time it starts.
#include "guest.h"

int main(void) {
  print("reset\n");
  spin_for(1000000);
  reset_machine();
}
