// SPDX-License-Identifier: MIT
//
// The same program as tick, for a tick timer at the address, and of the PLIC source, that a loader has put at
// 0x80100000 as two 64-bit numbers: so one program finds it on the board or outside the machine.
#define PARAMETERS ((const volatile uint64_t*)0x80100000)
#define TICK_BASE (PARAMETERS[0])
#define TICK_SOURCE ((uintptr_t)PARAMETERS[1])
#include "tick.c"
