// SPDX-License-Identifier: MIT
//
// Does what it is told over its serial line, a byte each; sends other bytes back. Sleeps in between. Never ends by
// itself.
#include "board.h"
#include "guest.h"

int main(void) {
  volatile uint32_t* const window = (volatile uint32_t*)(uintptr_t)window_base;
  uint32_t count = 0;
  receive_start();
  for (;;) {
    const char command = receive();
    switch (command) {
      case 'r': print_line("read=", window[0]); break;
      case 'w': window[1] = ++count; break;
      case 't': print_line("t=", clock_ns()); break;
      case 'f':  // and hears of nothing any more
        for (;;)
          window[2] = ++count;
      case 'p': exit_with(3);
      case '!': reset_machine();
      default: put_char(command);
    }
  }
}
