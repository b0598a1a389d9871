/* SPDX-License-Identifier: MIT */
/* 64-bit division for a 32-bit processor, under the names by which compilers call it.
 *
 * The compiler's own library would do, but is built for processors with CMOV and SSE. */
#if !__STDC_HOSTED__ && defined(__i386__)

#include <stdint.h>

struct quotient_and_remainder {
  uint64_t quotient, remainder;
};

/* `high:low` divided by `divisor`.  The quotient must fit: high < divisor. */
static inline uint32_t divide_64_by_32(
    uint32_t high, uint32_t low, uint32_t divisor, uint32_t *remainder) {
  uint32_t quotient;
  __asm__("divl %4" : "=a"(quotient), "=d"(*remainder) : "0"(low), "1"(high), "rm"(divisor) : "cc");
  return quotient;
}

static struct quotient_and_remainder divide(uint64_t dividend, uint64_t divisor) {
  uint32_t divisor_high = divisor >> 32;
  uint32_t remainder;
  if (divisor_high == 0) {
    /* Schoolbook division with two digits of 32 bits.  A divisor of 0 traps here. */
    uint32_t high = divide_64_by_32(0, dividend >> 32, (uint32_t)divisor, &remainder);
    uint32_t low = divide_64_by_32(remainder, (uint32_t)dividend, (uint32_t)divisor, &remainder);
    return (struct quotient_and_remainder){(uint64_t)high << 32 | low, remainder};
  }
  /* The quotient has one digit.  The leading 32 bits of the divisor, rounded down, divide half of
   * the dividend (half, so that the quotient fits); scaled back, that is the quotient or one more:
   * see Knuth, volume 2, section 4.3.1, theorem B.  Taking one off makes it the quotient or one
   * less, so that one comparison settles it. */
  unsigned shift = (unsigned)__builtin_clz(divisor_high);
  uint32_t leading = (uint32_t)(divisor << shift >> 32);
  uint64_t half = dividend >> 1;
  uint32_t estimate = divide_64_by_32(half >> 32, (uint32_t)half, leading, &remainder);
  uint64_t quotient = (uint64_t)estimate << shift >> 31;
  if (quotient != 0) quotient--;
  uint64_t rest = dividend - quotient * divisor;
  if (rest >= divisor) {
    quotient++;
    rest -= divisor;
  }
  return (struct quotient_and_remainder){quotient, rest};
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor) {
  return divide(dividend, divisor).quotient;
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor) {
  return divide(dividend, divisor).remainder;
}

#endif
