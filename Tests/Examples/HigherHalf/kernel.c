/* SPDX-License-Identifier: MIT */
/* A kernel in C that runs in the upper half of the address space: what memory.c makes is looked at
 * here. */
#include "kernel.h"

static void say(const char *text)
{
  while (*text != 0) machine_put(*text++);
}

void panic(const char *text)
{
  say(text);
  say("\n");
  machine_leave(0);
}

void kernel_start(const struct range *usable, unsigned count)
{
  unsigned char *memory;
  unsigned long pfn, highest = 0;

  memory_start(usable, count);
  /* A pointer is in the upper half, and at the goal of 16 MiB if there is so much. */
  memory = alloc_bootmem(100);
  CHECK((unsigned long)memory >= OFFSET && memory[0] == 0);
  CHECK(max_low_pfn < 0x2000 || (unsigned long)memory >= OFFSET + 0x1000000);

  /* Pages from here on are boot memory's own as well.  All of the direct map is there. */
  CHECK(bootmem_keep_pages() == 0);
  while ((pfn = bootmem_pages_allocate(BOOTMEM_PAGES_MAX_ORDER, 0, 0)) != BOOTMEM_NO_PAGE) {
    char *block = (char *)(OFFSET + pfn * BOOTMEM_PAGE_SIZE);

    CHECK(block + (BOOTMEM_PAGE_SIZE << 10) <= image_start || block >= image_end);
    *(volatile char *)block = 1;
    if (pfn > highest) highest = pfn;
  }
  CHECK(highest + 2048 > max_low_pfn);
  say("ok\n");
  machine_leave(1);
}
