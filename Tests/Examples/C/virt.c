/* SPDX-License-Identifier: MIT */
/* The machine with a device tree: QEMU's virt of aarch64 and riscv64, the MMU off (Devicetree
 * Specification 0.4, chapter 5). */
#include "kernel.h"

#if defined(__aarch64__)
#define UART 0x09000000UL
#else
#define UART 0x10000000UL
#endif

void machine_put(char character) { *(volatile uint8_t *)UART = (uint8_t)character; }

void machine_leave(int success)
{
  uint32_t code = success ? 33 : 35;
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

enum { NODE_BEGINS = 1, NODE_ENDS, PROPERTY, NOTHING };

/* The next cell of the tree, which is big-endian. */
static uint32_t take(const uint32_t **at) { return __builtin_bswap32(*(*at)++); }

static uint64_t take_address(const uint32_t **at)
{
  uint64_t high = take(at);

  return high << 32 | take(at);
}

static int begins_with(const char *text, const char *start)
{
  while (*start != 0 && *text == *start) text++, start++;
  return *start == 0;
}

/* Memory is where the root's nodes memory@... say in `reg`, addresses and sizes having two cells each.
 * What lies below the image in it is left out: firmware, and on aarch64 the tree. */
__attribute__((noreturn)) void machine_main(const uint32_t *tree)
{
  static struct range usable[8];
  const uint32_t *at = tree + 2;
  const char *start = (const char *)tree, *names;
  unsigned depth = 0, count = 0, in_memory = 0;

  CHECK(*tree == __builtin_bswap32(0xd00dfeed));
  start += take(&at);
  names = (const char *)tree + take(&at);
  for (at = (const void *)start;;) {
    uint32_t token = take(&at);

    if (token == NODE_BEGINS) {
      const char *end = (const char *)at;

      in_memory = ++depth == 2 && begins_with(end, "memory@");
      while (*end != 0) end++;
      at += (end - (const char *)at) / 4 + 1;
    } else if (token == NODE_ENDS) {
      in_memory = 0, depth--;
    } else if (token == PROPERTY) {
      uint32_t size = take(&at), name = take(&at);
      const uint32_t *next = at + (size + 3) / 4;

      if (in_memory && begins_with(names + name, "reg") && names[name + 3] == 0)
        for (; next - at >= 4; count++) {
          uint64_t first = take_address(&at), end = first + take_address(&at);

          CHECK(count < sizeof usable / sizeof *usable);
          if (first < (uintptr_t)image_start) first = (uintptr_t)image_start;
          usable[count] = (struct range){first, end};
        }
      at = next;
    } else if (token != NOTHING) {
      break;
    }
  }
  kernel_start(usable, count);
}
