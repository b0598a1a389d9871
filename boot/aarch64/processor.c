/* SPDX-License-Identifier: MIT */
/* The processor's counter of time. */
#if !__STDC_HOSTED__ && defined(__aarch64__)

#include "Board.h"

uint64_t board_time_stamp(void) {
  uint64_t count;
  __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
  return count;
}

#endif
