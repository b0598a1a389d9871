/* SPDX-License-Identifier: MIT */
/* What the processor can do, and its time-stamp counter. */
#if !__STDC_HOSTED__ && (defined(__i386__) || defined(__x86_64__))

#include "Board.h"

#if defined(__i386__)
/* A processor has CPUID if bit 21 of its flags can be changed (Intel SDM volume 1, 20.1). */
static bool has_cpuid(void) {
  uint32_t before, after;
  __asm__ volatile(
      "pushfl\n"
      "popl %0\n"
      "movl %0, %1\n"
      "xorl $0x200000, %1\n"
      "pushl %1\n"
      "popfl\n"
      "pushfl\n"
      "popl %1"
      : "=&r"(before), "=&r"(after)
      :
      : "cc");
  return ((before ^ after) & 0x200000) != 0;
}
#else
static bool has_cpuid(void) { return true; }
#endif

bool board_cpuid(uint32_t leaf, struct board_cpuid *result) {
  if (!has_cpuid()) return false;
  uint32_t highest, eax, ebx, ecx, edx;
  __asm__("cpuid" : "=a"(highest), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(leaf & 0x80000000));
  if (leaf > highest) return false;
  __asm__("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(leaf), "c"(0));
  *result = (struct board_cpuid){eax, ebx, ecx, edx};
  return true;
}

uint64_t board_time_stamp(void) {
  struct board_cpuid features;
  if (!board_cpuid(1, &features) || (features.edx & 1 << 4) == 0) return 0;
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}

#endif
