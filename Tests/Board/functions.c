/* SPDX-License-Identifier: MIT */
/* Tests of the functions in boot/ that compilers call, against the C library's, as an ordinary
 * program: the board's are compiled under names with board_ in front.  Prints what differs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *board_memset(void *to, int byte, size_t count);
void *board_memcpy(void *to, const void *from, size_t count);
void *board_memmove(void *to, const void *from, size_t count);
int board_memcmp(const void *left, const void *right, size_t count);

enum { SIZE = 96 };
static unsigned char expected[SIZE], actual[SIZE], other[SIZE];
static int failures;

static void judge(const char *name, unsigned to, unsigned from, unsigned count, int holds) {
  if (holds) return;
  failures++;
  printf("%s is wrong: to %u, from %u, %u bytes\n", name, to, from, count);
}

static void fill(void) {
  for (unsigned i = 0; i < SIZE; i++) {
    expected[i] = actual[i] = (unsigned char)(i * 7 + 1);
    other[i] = (unsigned char)(i * 13 + 5);
  }
}

static int sign(int value) { return (value > 0) - (value < 0); }

static void test_memory(void) {
  for (unsigned to = 0; to < 20; to++)
    for (unsigned from = 0; from < 20; from++)
      for (unsigned count = 0; count < 70; count++) {
        fill();
        memset(expected + to, (int)(0x1a0 + from), count);
        void *result = board_memset(actual + to, (int)(0x1a0 + from), count);
        judge("memset", to, from, count,
              result == actual + to && memcmp(expected, actual, SIZE) == 0);
        fill();
        memcpy(expected + to, other + from, count);
        result = board_memcpy(actual + to, other + from, count);
        judge("memcpy", to, from, count,
              result == actual + to && memcmp(expected, actual, SIZE) == 0);
        fill();
        memmove(expected + to, expected + from, count);
        result = board_memmove(actual + to, actual + from, count);
        judge("memmove", to, from, count,
              result == actual + to && memcmp(expected, actual, SIZE) == 0);
        /* A difference in one byte, at and behind the end, in both directions. */
        fill();
        memcpy(other, actual, SIZE);
        other[from + count / 2] ^= 0x80;
        judge("memcmp", to, from, count,
              sign(board_memcmp(actual + to, other + to, count)) ==
                  sign(memcmp(actual + to, other + to, count)));
      }
}

#if defined(__i386__)
uint64_t board_udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t board_umoddi3(uint64_t dividend, uint64_t divisor);

/* A number with many ones or zeros in a row at either end, or any. */
static uint64_t number(void) {
  uint64_t any = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
  switch (random() % 4) {
    case 0: return ~(uint64_t)0 >> random() % 64;
    case 1: return (uint64_t)1 << random() % 64;
    case 2: return (any >> random() % 64) - 1;
    default: return any >> random() % 64;
  }
}

static void test_division(void) {
  srandom(1);
  for (int round = 0; round < 2000000; round++) {
    uint64_t dividend = number(), divisor = number();
    if (divisor == 0) continue;
    if (board_udivdi3(dividend, divisor) == dividend / divisor &&
        board_umoddi3(dividend, divisor) == dividend % divisor)
      continue;
    failures++;
    printf("%llx / %llx is wrong\n", (unsigned long long)dividend, (unsigned long long)divisor);
    return;
  }
}
#else
static void test_division(void) {}
#endif

int main(void) {
  test_memory();
  test_division();
  return failures != 0;
}
