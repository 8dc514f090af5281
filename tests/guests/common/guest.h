// SPDX-License-Identifier: MIT
//
// What a bare-metal guest may ask of the machine it runs on. <arch>/port.c provides the functions down to exit_with();
// guests written against these run on every architecture that has a port. One hart, no interrupts delivered to main().
#pragma once
#include <stdint.h>

// Waits until the UART takes the byte.
void put_char(char c);
// The guest's own clock, counted from the machine's start.
uint64_t clock_ns(void);
// From here on timer_wait() returns once per period, sleeping in between.
void timer_start(uint64_t period_ns);
void timer_wait(void);
// From here on receive() returns the UART's next byte, sleeping until there is one.
void receive_start(void);
char receive(void);
_Noreturn void power_off(void);
_Noreturn void reset_machine(void);
// Ends QEMU with this exit status. Which ones are possible depends on the machine; 3 always is.
_Noreturn void exit_with(int status);

// Print without a division, which 32-bit x86 has only in a library for 64-bit numbers.
void print(const char* text);
void print_number(uint64_t n);
// Prints `label` and `n`, then ends the line.
void print_line(const char* label, uint64_t n);
void spin_for(uint64_t ns);

// One step of a linear congruential generator (Knuth's and Lewis's constants).
static inline uint32_t scramble(uint32_t x) { return x * 1664525U + 1013904223U; }
