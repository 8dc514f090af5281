// SPDX-License-Identifier: MIT
//
// Ends QEMU with exit status 3 after 1 ms.
#include "guest.h"

int main(void) {
  print("exit3\n");
  spin_for(1000000);
  exit_with(3);
}
