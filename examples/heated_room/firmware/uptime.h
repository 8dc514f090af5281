// SPDX-License-Identifier: MIT
//
// The firmware's own clock: hundredths of a second, counted by the timer's interrupt.
#pragma once
#include <stdint.h>

// Counts from here on. Interrupts are still off.
void uptime_start(void);
// Handles the timer's interrupt.
void uptime_interrupt(void);
uint64_t uptime_hundredths(void);
