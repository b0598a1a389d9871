/* SPDX-License-Identifier: MIT */
/* The processor's counter of instructions. */
#if !__STDC_HOSTED__ && defined(__riscv)

#include "Board.h"

uint64_t board_time_stamp(void) {
  uint64_t count;
  __asm__ volatile("rdinstret %0" : "=r"(count) : : "memory");
  return count;
}

#endif
