// SPDX-License-Identifier: MIT
//
// Sends back each byte that it receives, and sleeps in between. Never ends.
#include "guest.h"

int main(void) {
  receive_start();
  for (;;)
    put_char(receive());
}
