// SPDX-License-Identifier: MIT
//
// The 16550 serial port, driven by interrupts both ways. Not to be called from interrupt handlers but its own.
#pragma once

enum { longest_line = 31 };

// 115200 baud, 8N1. Interrupts are still off.
void serial_start(void);
// Handles the port's interrupt.
void serial_interrupt(void);
// The next whole line that came in, without its end, as a string in `line`; 0 if there is none. A line that is longer
// than that is dropped. To be called with interrupts off.
int serial_take_line(char line[longest_line + 1]);
// Sends the text as interrupts find the port ready for it. Sleeps while more than the buffer holds is under way.
void serial_send(const char* text);
