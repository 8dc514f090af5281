// SPDX-License-Identifier: MIT
//
// Hart 0 arms its timer for 13 us ahead, looks at its clock until the interrupt is there, and again. All harts check
// that the clock does not go back from one to another (RISC-V privileged architecture, mtime). What was found is in
// memory, at 0x80100000: alarms, the latest of them in ticks of 100 ns, looks that saw the clock go back, looks of hart
// 1 (-smp 2). Prints nothing, never ends.
#include "board.h"
#include "guest.h"

enum { found_base = 0x80100000, ahead = 130, mip_timer = 1 << 7 };
#define FOUND(index) REG64(found_base + 8 * (uintptr_t)(index))
enum { alarms, latest, gone_back, looks_of_hart1 };

static uint64_t seen;

static uint64_t look(void) {
  uint64_t now, before = __atomic_load_n(&seen, __ATOMIC_SEQ_CST);
  __asm__ volatile("rdtime %0" : "=r"(now));
  if (now < before)
    __atomic_fetch_add(&FOUND(gone_back), 1, __ATOMIC_SEQ_CST);
  __asm__ volatile("amomaxu.d.aqrl zero, %0, (%1)" : : "r"(now), "r"(&seen) : "memory");
  return now;
}

void secondary_main(int hart) {
  for (;;) {
    look();
    if (hart == 1)
      FOUND(looks_of_hart1) = FOUND(looks_of_hart1) + 1;
  }
}

int main(void) {
  for (;;) {
    const uint64_t deadline = look() + ahead;
    uint64_t now, pending;
    MTIMECMP0 = deadline;
    do {
      __asm__ volatile("csrr %0, mip" : "=r"(pending));
      now = look();
    } while (!(pending & mip_timer));
    if (now - deadline > FOUND(latest))
      FOUND(latest) = now - deadline;
    FOUND(alarms) = FOUND(alarms) + 1;
  }
}
