// SPDX-License-Identifier: MIT
#include "guest.h"

void print(const char* text) {
  while (*text)
    put_char(*text++);
}

void print_number(uint64_t n) {
  uint64_t powers_of_ten[20];
  int place = 0;
  powers_of_ten[0] = 1;
  while (place < 19 && n / 2 >= powers_of_ten[place] * 5) {
    powers_of_ten[place + 1] = powers_of_ten[place] * 10;
    ++place;
  }
  for (; place >= 0; --place) {
    char digit = '0';
    for (; n >= powers_of_ten[place]; n -= powers_of_ten[place])
      ++digit;
    put_char(digit);
  }
}

void print_line(const char* label, uint64_t n) {
  print(label);
  print_number(n);
  print("\n");
}

void spin_for(uint64_t ns) {
  const uint64_t end = clock_ns() + ns;
  while (clock_ns() < end) {
  }
}
