/* SPDX-License-Identifier: MIT */
/* Zeroing memory as fast as the machine can without vector registers, which a kernel this early may
 * not have switched on. */
#include "bootmem_state.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* Whether REP STOSB is the fastest way: "enhanced REP MOVSB/STOSB", CPUID leaf 7, EBX bit 9. */
static bool has_fast_bytes;

void bootmem_choose_clear(void)
{
  unsigned int eax, ebx, ecx, edx;

  has_fast_bytes = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & (1U << 9)) != 0;
}

static inline void store_bytes(void **to, size_t count)
{
  __asm__ volatile("rep stosb" : "+D"(*to), "+c"(count) : "a"(0) : "memory");
}

static inline void store_words(void **to, size_t count)
{
#if defined(__x86_64__)
  __asm__ volatile("rep stosq" : "+D"(*to), "+c"(count) : "a"(0UL) : "memory");
#else
  __asm__ volatile("rep stosl" : "+D"(*to), "+c"(count) : "a"(0) : "memory");
#endif
}

/* Below this the start of a REP instruction costs more than plain stores. */
enum { SHORT_LENGTH = 256 };

void bootmem_clear(void *context, void *start, size_t length)
{
  (void)context;
  if (length < SHORT_LENGTH) {
    /* Volatile, lest the compiler make this a call of memset. */
    volatile unsigned long *word = start;
    volatile unsigned char *byte;
    size_t count = length / sizeof *word;

    while (count-- > 0) *word++ = 0;
    byte = (volatile unsigned char *)word;
    for (length %= sizeof *word; length > 0; length--) *byte++ = 0;
    return;
  }
  if (!has_fast_bytes) {
    store_words(&start, length / sizeof(long));
    length %= sizeof(long);
  }
  store_bytes(&start, length);
}

#else

void bootmem_choose_clear(void) {}

void bootmem_clear(void *context, void *start, size_t length)
{
  /* Volatile, lest the compiler make this a call of memset. */
  volatile unsigned char *byte = start;
  volatile unsigned long *word;

  (void)context;
  /* Not every processor stores a word at any address. */
  for (; length > 0 && (__UINTPTR_TYPE__)byte % sizeof *word != 0; length--) *byte++ = 0;
  word = (volatile unsigned long *)byte;
  for (; length >= sizeof *word; length -= sizeof *word) *word++ = 0;
  byte = (volatile unsigned char *)word;
  for (; length > 0; length--) *byte++ = 0;
}
#endif
