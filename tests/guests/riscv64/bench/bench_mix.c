// SPDX-License-Identifier: MIT
//
// Integer work of the kinds that embedded code consists of: a linked list that is searched and sorted, a matrix
// product, a state machine over text, a checksum over the results. As many rounds as it was given; prints what came of
// it and how many instructions it took.
#include "bench.h"

enum { list_length = 64, matrix_size = 12, text_length = 96 };

struct item {
  struct item* next;
  int16_t value;
  int16_t index;
};

static struct item items[list_length];
static int16_t left[matrix_size][matrix_size];
static int16_t right[matrix_size][matrix_size];
static int32_t product[matrix_size][matrix_size];
static char text[text_length];

static uint16_t checksum(uint16_t crc, uint16_t value) {
  for (int bit = 0; bit < 16; ++bit) {
    const unsigned carry = (crc ^ value) & 1U;
    crc >>= 1;
    value >>= 1;
    if (carry)
      crc ^= 0xa001U;
  }
  return crc;
}

static struct item* merge(struct item* a, struct item* b) {
  struct item head = {0, 0, 0};
  struct item* tail = &head;
  while (a && b) {
    struct item** least = a->value <= b->value ? &a : &b;
    tail->next = *least;
    tail = *least;
    *least = (*least)->next;
  }
  tail->next = a ? a : b;
  return head.next;
}

static struct item* sort(struct item* list, int length) {
  if (length < 2) {
    if (list)
      list->next = 0;
    return list;
  }
  struct item* middle = list;
  for (int i = 0; i < length / 2; ++i)
    middle = middle->next;
  struct item* second = sort(middle, length - length / 2);
  // The first half still ends where the second began: its last item is told by its length.
  return merge(sort(list, length / 2), second);
}

static uint16_t list_work(uint32_t seed, uint16_t crc) {
  for (int i = 0; i < list_length; ++i) {
    seed = scramble(seed);
    items[i].next = i + 1 < list_length ? &items[i + 1] : 0;
    items[i].value = (int16_t)(seed >> 16);
    items[i].index = (int16_t)i;
  }
  const struct item* sorted = sort(items, list_length);
  for (; sorted; sorted = sorted->next)
    crc = checksum(crc, (uint16_t)sorted->index);
  return crc;
}

static uint16_t matrix_work(uint32_t seed, uint16_t crc) {
  for (int row = 0; row < matrix_size; ++row) {
    for (int column = 0; column < matrix_size; ++column) {
      seed = scramble(seed);
      left[row][column] = (int16_t)(seed >> 20);
      right[column][row] = (int16_t)(seed >> 12);
    }
  }
  for (int row = 0; row < matrix_size; ++row) {
    for (int column = 0; column < matrix_size; ++column) {
      int32_t sum = 0;
      for (int k = 0; k < matrix_size; ++k)
        sum += left[row][k] * right[k][column];
      product[row][column] = sum;
    }
    crc = checksum(crc, (uint16_t)product[row][row]);
  }
  return crc;
}

enum state { outside, whole, fraction, exponent, bad };

static enum state next_state(enum state state, char c) {
  const int is_digit = c >= '0' && c <= '9';
  switch (state) {
    case outside: return is_digit ? whole : c == '.' ? fraction : c == ',' ? outside : bad;
    case whole: return is_digit ? whole : c == '.' ? fraction : c == 'e' ? exponent : c == ',' ? outside : bad;
    case fraction: return is_digit ? fraction : c == 'e' ? exponent : c == ',' ? outside : bad;
    case exponent: return is_digit ? exponent : c == ',' ? outside : bad;
    default: return c == ',' ? outside : bad;
  }
}

static uint16_t text_work(uint32_t seed, uint16_t crc) {
  static const char letters[] = "0123456789.,e,.x";
  uint16_t seen[5] = {0};
  for (int i = 0; i < text_length; ++i) {
    seed = scramble(seed);
    text[i] = letters[seed >> 28];
  }
  enum state state = outside;
  for (int i = 0; i < text_length; ++i) {
    state = next_state(state, text[i]);
    ++seen[state];
  }
  for (int i = 0; i < 5; ++i)
    crc = checksum(crc, seen[i]);
  return crc;
}

int main(void) {
  const uint64_t start = bench_instructions();
  uint16_t crc = 0;
  for (uint64_t round = BENCH_ROUNDS; round != 0; --round) {
    crc = list_work((uint32_t)round, crc);
    crc = matrix_work((uint32_t)round, crc);
    crc = text_work((uint32_t)round, crc);
  }
  bench_report(crc, start);
}
