/* The memory functions that compilers call, for the library's own use: a kernel's may have another
 * calling convention, or none that can be called.  With string instructions, because a loop here
 * may be compiled into a call of itself. */
#if !__STDC_HOSTED__
#include <stddef.h>

void *bootmem_memset(void *to, int byte, size_t count)
{
  void *next = to;
  size_t words = count / sizeof(long), rest = count % sizeof(long);
  unsigned long word = ~0UL / 0xff * (unsigned char)byte;

#if defined(__x86_64__)
  __asm__ volatile("rep stosq" : "+D"(next), "+c"(words) : "a"(word) : "memory");
#else
  __asm__ volatile("rep stosl" : "+D"(next), "+c"(words) : "a"(word) : "memory");
#endif
  __asm__ volatile("rep stosb" : "+D"(next), "+c"(rest) : "a"(byte) : "memory");
  return to;
}

void *bootmem_memcpy(void *to, const void *from, size_t count)
{
  void *next = to;

  __asm__ volatile("rep movsb" : "+D"(next), "+S"(from), "+c"(count) : : "memory");
  return to;
}

void *bootmem_memmove(void *to, const void *from, size_t count)
{
  char *last = (char *)to + count - 1;
  const char *last_from = (const char *)from + count - 1;

  /* Copying up destroys what is still to be read only if `to` lies in the source, behind its
   * start. */
  if ((size_t)((char *)to - (const char *)from) >= count) return bootmem_memcpy(to, from, count);
  __asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(last_from), "+c"(count) : : "memory");
  return to;
}

int bootmem_memcmp(const void *left, const void *right, size_t count)
{
  const unsigned char *a = left, *b = right;

  for (; count > 0; count--, a++, b++)
    if (*a != *b) return *a - *b;
  return 0;
}

#endif
