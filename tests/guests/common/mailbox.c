// SPDX-License-Identifier: MIT
//
// Counts in memory as fast as it can, and prints what is put into the word behind the count, and when that was seen. It
// begins by saying where they are. Never ends.
#include "guest.h"

static volatile uint32_t words[4];

int main(void) {
  print_line("words=", (uintptr_t)words);
  for (;;) {
    ++words[0];
    const uint32_t mail = words[1];
    if (mail != 0) {
      words[1] = 0;
      print_line("mail=", mail);
      print_line("t=", clock_ns());
    }
  }
}
