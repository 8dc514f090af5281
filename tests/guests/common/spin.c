// SPDX-License-Identifier: MIT
//
// Never ends, never sleeps, prints nothing.
int main(void) {
  for (;;)
    __asm__ volatile("");
}
