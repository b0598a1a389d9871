/* What the kernel supplies.  None of it is for a program of the host that resolves this package. */
#if !__STDC_HOSTED__
#include <stddef.h>

#include "Machine.h"

/* The memory functions that compilers call, by string instructions: a loop may be compiled into a
 * call of the very function that it is in. */
void *memset(void *to, int byte, size_t count)
{
  void *place = to;

  __asm__ volatile("rep stosb" : "+D"(place), "+c"(count) : "a"(byte) : "memory");
  return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
  void *place = to;

  __asm__ volatile("rep movsb" : "+D"(place), "+S"(from), "+c"(count) : : "memory");
  return to;
}

void *memmove(void *to, const void *from, size_t count)
{
  unsigned char *last = (unsigned char *)to + count - 1;
  const unsigned char *last_from = (const unsigned char *)from + count - 1;

  if ((size_t)to - (size_t)from >= count) return memcpy(to, from, count);
  __asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(last_from), "+c"(count) : : "memory");
  return to;
}

int memcmp(const void *one, const void *other, size_t count)
{
  const volatile unsigned char *left = one, *right = other;

  for (; count > 0; count--, left++, right++) {
    if (*left != *right) return *left - *right;
  }
  return 0;
}

int putchar(int byte)
{
  __asm__ volatile("outb %b0, %w1" : : "a"(byte), "d"(0x3f8));
  return byte;
}

void machine_exit(unsigned int status)
{
  __asm__ volatile("outl %0, %w1" : : "a"(status), "d"(0xf4));
  for (;;) __asm__ volatile("cli; hlt");
}
#endif
