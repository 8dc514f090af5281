// SPDX-License-Identifier: MIT
//
// Has a copying engine (examples/copier) at 0x10300000 copy memory: a little, more than a message of link v1 carries,
// onto itself, to where no memory is, and from a descriptor that is none. Prints what it saw, and how long it took by
// its own clock, and powers off.
#include "board.h"
#include "guest.h"

enum { copier_source = 13, largest = 100000, no_memory = 0x10300000 };
#define COPIER_START REG32(0x10300000)
#define COPIER_DONE REG32(0x10300004)
#define COPIER_SUM REG32(0x10300008)

static struct {
  uint64_t from;
  uint64_t to;
  uint32_t length;
  volatile uint32_t result;
} descriptor;
static uint8_t source[largest];
static uint8_t destination[largest];

// Sleeps until a copy is made, and acknowledges. How often it woke.
static uint32_t await_done(void) {
  uint32_t wakes = 0;
  uint32_t claimed = PLIC_CLAIM;
  while (claimed != copier_source) {
    wait_for_interrupt();
    claimed = PLIC_CLAIM;
    ++wakes;
  }
  COPIER_DONE = 1;
  PLIC_CLAIM = claimed;
  return wakes;
}

static void copy(const char* label, const void* from, uintptr_t to, uint32_t length) {
  descriptor.from = (uintptr_t)from;
  descriptor.to = to;
  descriptor.length = length;
  descriptor.result = 0;
  const uint64_t start = clock_ns();
  __asm__ volatile("fence" : : : "memory");
  COPIER_START = (uint32_t)(uintptr_t)&descriptor;
  print_line("early=", descriptor.result);
  const uint32_t wakes = await_done();
  const uint64_t took = clock_ns() - start;
  __asm__ volatile("fence" : : : "memory");
  print_line(label, took);
  print_line("wakes=", wakes);
  print_line("result=", descriptor.result);
  print_line("sum=", COPIER_SUM);
}

static uint32_t differences(uint32_t length) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < length; ++i)
    count += source[i] != destination[i];
  return count;
}

int main(void) {
  PLIC_PRIORITY(copier_source) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << copier_source;
  allow_wake_up_by(mie_external);
  uint32_t seed = 1;
  for (uint32_t i = 0; i < largest; ++i)
    source[i] = (uint8_t)((seed = scramble(seed)) >> 24);
  for (uint32_t length = 1; length < 3000; length = length * 7 + 4) {
    copy("copy=", source, (uintptr_t)destination, length);
    print_line("differences=", differences(length));
  }
  copy("large=", source, (uintptr_t)destination, largest);
  print_line("differences=", differences(largest));
  copy("overlapping=", source, (uintptr_t)source + 1, 500);
  copy("nowhere=", source, no_memory, 64);
  copy("from nowhere=", (const void*)(uintptr_t)no_memory, (uintptr_t)destination, 64);
  COPIER_START = no_memory;
  spin_for(20000);
  print_line("done=", COPIER_DONE);
  power_off();
}
