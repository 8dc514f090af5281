// SPDX-License-Identifier: MIT
//
// Work that waits for memory: a walk through 4 MiB in an order that no prefetcher knows, then a copy of it. As many
// rounds as it was given; prints what came of it and how many instructions it took.
#include "bench.h"

enum { cells = 512 * 1024, walk_length = 64 * 1024 };

static uint64_t* const table = (uint64_t*)0x81000000;
static uint64_t* const copy = (uint64_t*)0x81800000;

int main(void) {
  const uint64_t rounds = BENCH_ROUNDS;
  uint64_t sum = 0;
  const uint64_t start = bench_instructions();
  if (rounds != 0) {
    // One cycle through all cells: the step is odd, so it meets each of the 2^19.
    for (uint64_t i = 0; i < cells; ++i)
      table[i] = (i * 5 + 0x3039) % cells;
  }
  for (uint64_t round = 0; round < rounds; ++round) {
    uint64_t at = round % cells;
    for (int i = 0; i < walk_length; ++i)
      at = table[at];
    sum += at;
    for (int i = 0; i < walk_length; ++i)
      copy[i * 8] = table[i * 8];
    sum += copy[round % walk_length * 8];
  }
  bench_report(sum, start);
}
