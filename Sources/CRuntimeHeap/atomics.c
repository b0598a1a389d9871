/* SPDX-License-Identifier: MIT */
/* What compilers call for atomics of eight bytes on processors before the Pentium, which have no
 * instruction for them.  Such a machine has one processor: nothing comes between with its interrupts
 * off.  Weak, for kernels that have them. */
#include "runtime_heap.h"

#if !defined(RUNTIME_HEAP_HOSTED) && defined(__i386__) && !defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8)
#include <stdbool.h>
#include <stdint.h>

static inline uint32_t stop_interrupts(void)
{
  uint32_t flags;

  __asm__ volatile("pushfl\n\tpopl %0\n\tcli" : "=r"(flags) : : "memory");
  return flags;
}

static inline void restore_interrupts(uint32_t flags)
{
  __asm__ volatile("pushl %0\n\tpopfl" : : "r"(flags) : "memory", "cc");
}

/* The functions' own names are those of built-in ones, which C may not define. */
#define NAMED(name) __asm__("__atomic_" name) __attribute__((weak))

uint64_t load8(const volatile uint64_t *place, int order) NAMED("load_8");
uint64_t load8(const volatile uint64_t *place, int order)
{
  uint32_t flags = stop_interrupts();
  uint64_t value = *place;

  (void)order;
  restore_interrupts(flags);
  return value;
}

bool compare_exchange8(volatile uint64_t *place, uint64_t *expected, uint64_t desired, int order,
    int failed) NAMED("compare_exchange_8");
bool compare_exchange8(volatile uint64_t *place, uint64_t *expected, uint64_t desired, int order,
    int failed)
{
  uint32_t flags = stop_interrupts();
  uint64_t value = *place;
  bool equal = value == *expected;

  (void)order, (void)failed;
  if (equal)
    *place = desired;
  else
    *expected = value;
  restore_interrupts(flags);
  return equal;
}

/* Functions that store `result` and return what was there before. */
#define CHANGING(name, text, result)                                                  \
  uint64_t name(volatile uint64_t *place, uint64_t operand, int order) NAMED(text);   \
  uint64_t name(volatile uint64_t *place, uint64_t operand, int order)                \
  {                                                                                   \
    uint32_t flags = stop_interrupts();                                               \
    uint64_t value = *place;                                                          \
                                                                                      \
    (void)order;                                                                      \
    *place = result;                                                                  \
    restore_interrupts(flags);                                                        \
    return value;                                                                     \
  }

CHANGING(exchange8, "exchange_8", operand)
CHANGING(fetch_add8, "fetch_add_8", value + operand)
CHANGING(fetch_sub8, "fetch_sub_8", value - operand)
CHANGING(fetch_and8, "fetch_and_8", value & operand)
CHANGING(fetch_or8, "fetch_or_8", value | operand)
CHANGING(fetch_xor8, "fetch_xor_8", value ^ operand)

void store8(volatile uint64_t *place, uint64_t value, int order) NAMED("store_8");
void store8(volatile uint64_t *place, uint64_t value, int order)
{
  exchange8(place, value, order);
}

#endif
