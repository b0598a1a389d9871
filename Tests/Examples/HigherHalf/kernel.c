/* A kernel in C that runs in the upper half of the address space: console, end, and a look at what
 * memory.c has made. */
#include <stdint.h>
#include "bootmem_pages.h"
#include "kernel.h"

#define CHECK(condition) do { if (!(condition)) panic("failed: " #condition); } while (0)

static void out8(uint16_t port, uint8_t value)
{
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void say(const char *text)
{
  for (; *text != 0; text++) out8(0x3f8, (uint8_t)*text);
}

__attribute__((noreturn)) static void leave(uint8_t code)
{
  for (;;) out8(0xf4, code); /* QEMU's isa-debug-exit ends with 2 * code + 1 */
}

void panic(const char *text)
{
  say(text);
  say("\n");
  leave(17);
}

void kernel_main(uint32_t magic, uint32_t info)
{
  unsigned char *memory;
  unsigned long pfn, highest = 0;

  CHECK(magic == 0x2badb002);
  memory_start((const void *)(OFFSET + info));

  /* A pointer is in the upper half, and at the goal of 16 MiB if there is so much. */
  memory = alloc_bootmem(100);
  CHECK((unsigned long)memory >= OFFSET && memory[0] == 0);
  CHECK(max_low_pfn < 0x2000 || (unsigned long)memory >= OFFSET + 0x1000000);

  /* Pages from here on are boot memory's own as well.  All of the direct map is there. */
  CHECK(bootmem_keep_pages() == 0);
  while ((pfn = bootmem_pages_allocate(BOOTMEM_PAGES_MAX_ORDER, 0, 0)) != BOOTMEM_NO_PAGE) {
    unsigned char *page = (unsigned char *)(OFFSET + pfn * BOOTMEM_PAGE_SIZE);

    CHECK(page + (BOOTMEM_PAGE_SIZE << 10) <= (unsigned char *)image_start
      || page >= (unsigned char *)image_end);
    *(volatile unsigned char *)page = 1;
    if (pfn > highest) highest = pfn;
  }
  CHECK(highest + 2048 > max_low_pfn);
  say("ok\n");
  leave(16);
}
