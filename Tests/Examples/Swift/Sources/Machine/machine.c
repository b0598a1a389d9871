/* SPDX-License-Identifier: MIT */
/* What the kernel supplies: the memory functions, which compilers call, a console, and an end.  None of
 * it is for a program of the host that resolves this package. */
#if !__STDC_HOSTED__
#include <stddef.h>
#include <stdint.h>

#include "Machine.h"

/* Keeps a loop from being compiled into a call of the very function that it is in. */
#define THIS_IS_NO_IDIOM __asm__ volatile("" : : : "memory")

void *memset(void *to, int byte, size_t count)
{
  for (unsigned char *place = to; count > 0; count--) {
    *place++ = (unsigned char)byte;
    THIS_IS_NO_IDIOM;
  }
  return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
  unsigned char *place = to;

  for (const unsigned char *source = from; count > 0; count--) {
    *place++ = *source++;
    THIS_IS_NO_IDIOM;
  }
  return to;
}

void *memmove(void *to, const void *from, size_t count)
{
  unsigned char *end = (unsigned char *)to + count;

  if ((size_t)to - (size_t)from >= count) return memcpy(to, from, count);
  for (const unsigned char *source = (const unsigned char *)from + count; count > 0; count--) {
    *--end = *--source;
    THIS_IS_NO_IDIOM;
  }
  return to;
}

int memcmp(const void *one, const void *other, size_t count)
{
  const unsigned char *left = one, *right = other;

  for (; count > 0; count--, left++, right++) {
    if (*left != *right) return *left - *right;
    THIS_IS_NO_IDIOM;
  }
  return 0;
}

#if defined(__i386__) || defined(__x86_64__)
int putchar(int byte)
{
  __asm__ volatile("outb %b0, %w1" : : "a"(byte), "d"(0x3f8));
  return byte;
}

void machine_exit(unsigned int status)
{
  __asm__ volatile("outl %0, %w1" : : "a"(16 + status), "d"(0xf4)); /* QEMU doubles it, and adds 1 */
  for (;;) __asm__ volatile("cli; hlt");
}
#else
/* QEMU's board virt. */
#if defined(__aarch64__)
#define UART 0x09000000UL
#else
#define UART 0x10000000UL
#endif

int putchar(int byte)
{
  *(volatile uint8_t *)UART = (uint8_t)byte;
  return byte;
}

void machine_exit(unsigned int status)
{
  uint32_t code = 33 + 2 * status;
#if defined(__aarch64__)
  const uint64_t reason[2] = {0x20026, code}; /* semihosting: the program ends, with this code */
  register uint64_t operation __asm__("x0") = 0x18;
  register const uint64_t *block __asm__("x1") = reason;

  __asm__ volatile("hlt #0xf000" : : "r"(operation), "r"(block) : "memory");
#else
  *(volatile uint32_t *)0x100000UL = code << 16 | 0x3333; /* the test device: failed, with this code */
#endif
  for (;;) {}
}
#endif
#endif
