/* SPDX-License-Identifier: MIT */
/* 64-bit shifts for a 32-bit processor, under the names by which compilers call them where code is
 * to be small. */
#if !__STDC_HOSTED__ && defined(__i386__)

#include <stdint.h>

/* In halves of 32 bits, lest the compiler make these calls of themselves.  0 <= count < 64. */
#define HALVES(value) uint32_t low = (uint32_t)(value), high = (uint32_t)((value) >> 32)
#define WHOLE(high, low) ((uint64_t)(high) << 32 | (low))

uint64_t __ashldi3(uint64_t value, int count) {
  HALVES(value);
  if (count >= 32) return WHOLE(low << (count - 32), 0);
  if (count == 0) return value;
  return WHOLE(high << count | low >> (32 - count), low << count);
}

uint64_t __lshrdi3(uint64_t value, int count) {
  HALVES(value);
  if (count >= 32) return high >> (count - 32);
  if (count == 0) return value;
  return WHOLE(high >> count, low >> count | high << (32 - count));
}

#endif
