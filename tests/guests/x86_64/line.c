// SPDX-License-Identifier: MIT
//
// Sleeps until its external interrupt line, an input of the I/O APIC, rises, prints when that was, and again. Never
// ends. (82093AA data sheet, 3.2; Intel SDM volume 3A, 10.4 and 10.8.)
#include "board.h"
#include "guest.h"

#define IO_APIC_SELECT (*(volatile uint32_t*)0xfec00000)
#define IO_APIC_DATA (*(volatile uint32_t*)0xfec00010)
#define LOCAL_APIC(offset) (*(volatile uint32_t*)(0xfee00000 + (offset)))
enum { end_of_interrupt = 0xb0, spurious_vector = 0xf0, apic_on = 0x100, vector = 0x21 };

static void set_io_apic(uint32_t index, uint32_t value) {
  IO_APIC_SELECT = index;
  IO_APIC_DATA = value;
}

int main(void) {
  out8(pic_data, 0xff);  // of the first controller: everything masked
  LOCAL_APIC(spurious_vector) = apic_on | 0xff;
  set_io_apic(0x11 + 2 * line_source, 0);
  set_io_apic(0x10 + 2 * line_source, vector);  // edge, active high, fixed to the first processor
  for (;;) {
    wait_for_interrupt();
    print_line("t=", clock_ns());
    LOCAL_APIC(end_of_interrupt) = 0;
  }
}
