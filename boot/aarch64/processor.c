/* SPDX-License-Identifier: MIT */
/* The processor's counter of cycles. */
#if !__STDC_HOSTED__ && defined(__aarch64__)

#include "Board.h"

/* Whether it has the performance monitors of the architecture (ID_AA64DFR0_EL1.PMUVer): 0 is none, 15 is
 * another design's. */
static bool counts_cycles(void) {
  uint64_t features;
  __asm__("mrs %0, id_aa64dfr0_el1" : "=r"(features));
  uint64_t version = features >> 8 & 15;
  return version != 0 && version != 15;
}

uint64_t board_time_stamp(void) {
  uint64_t count;
  if (!counts_cycles()) {
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
  }
  /* PMCR_EL0: E, the counters count, and LC, that of cycles has 64 bits.  It is not reset, so that a
   * counter that counts already is left as it is. */
  enum { ENABLE = 1 << 0, LONG_CYCLES = 1 << 6 };
  uint64_t control = ENABLE | LONG_CYCLES, cycles = 1u << 31, filter = 0;
  __asm__ volatile("msr pmccfiltr_el0, %1\n\t"
                   "msr pmcr_el0, %2\n\t"
                   "msr pmcntenset_el0, %3\n\t"
                   "isb\n\t"
                   "mrs %0, pmccntr_el0"
      : "=r"(count) : "r"(filter), "r"(control), "r"(cycles) : "memory");
  return count;
}

#endif
