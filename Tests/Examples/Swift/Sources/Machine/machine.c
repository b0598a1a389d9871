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
/* The coprocessor and SSE2, which the tables for i686 are compiled for (Intel SDM volume 3, 9.2 and 9.6). */
int machine_start_floating_point(void)
{
  enum { HAS_COPROCESSOR = 1 << 0, HAS_FXSR = 1 << 24, HAS_SSE2 = 1 << 26 };
  enum { MONITOR = 1 << 1, EMULATE = 1 << 2, SWITCHED = 1 << 3, NATIVE_ERRORS = 1 << 5 };
  enum { OS_FXSR = 1 << 9, OS_EXCEPTIONS = 1 << 10 };
  const uint32_t needed = HAS_COPROCESSOR | HAS_FXSR | HAS_SSE2;
  uint32_t leaf = 1, features;
  unsigned long cr0, cr4;

  __asm__("cpuid" : "+a"(leaf), "=d"(features) : : "ebx", "ecx");
  if ((features & needed) != needed) return 0;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  cr0 = (cr0 & ~(unsigned long)(EMULATE | SWITCHED)) | MONITOR | NATIVE_ERRORS;
  __asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
  __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
  __asm__ volatile("mov %0, %%cr4\n\tfninit" : : "r"(cr4 | OS_FXSR | OS_EXCEPTIONS) : "memory");
  return 1;
}

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
/* QEMU's board virt, or the Raspberry Pi 3 (BCM2835 ARM Peripherals, 13; there at 0x3f000000). */
#if defined(RASPI3B)
#define UART 0x3f201000UL
#elif defined(__aarch64__)
#define UART 0x09000000UL
#else
#define UART 0x10000000UL
#endif

/* The start code has done it, before the first function of Swift: there the compiler clears memory by these
 * registers. */
int machine_start_floating_point(void) { return 1; }

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

#if defined(RASPI3B)
/* The firmware's mailbox for properties (Raspberry Pi Firmware wiki, "Mailbox property interface"). */
#define MAILBOX 0x3f00b880UL
enum { READ = 0, STATUS = 6, WRITE = 8, CHANNEL = 8, GET_ARM_MEMORY = 0x00010005 };
enum { IS_EMPTY = 1 << 30, IS_FULL = 1U << 31, ANSWERED = 1U << 31 };

struct machine_memory machine_memory(void)
{
  volatile uint32_t *mailbox = (volatile uint32_t *)MAILBOX;
  /* The size; a request; a tag, with room for two words; no further tag. */
  static _Alignas(16) volatile uint32_t message[8] = {32, 0, GET_ARM_MEMORY, 8, 0, 0, 0, 0};
  uint32_t letter = (uint32_t)(uintptr_t)message | CHANNEL;

  while (mailbox[STATUS] & IS_FULL) {}
  mailbox[WRITE] = letter;
  do {
    while (mailbox[STATUS] & IS_EMPTY) {}
  } while (mailbox[READ] != letter);
  if (message[1] != ANSWERED) return (struct machine_memory){0, 0};
  return (struct machine_memory){message[5], message[6]};
}
#endif
#endif
#endif
