/* SPDX-License-Identifier: MIT */
/* The same kernel without a page allocator of its own: libbootmem.a goes on with the pages.  Takes the place of
 * kernel.c (make run KERNEL=kept). */
#include "bootmem_pages.h"
#include "kernel.h"

static unsigned long free_pages(void)
{
  struct bootmem_pages_statistics found;

  CHECK(bootmem_pages_count(0, &found) == 0);
  return found.free_pages;
}

/* Takes pages, in each way that there is, and gives them back. */
static void use_pages(void)
{
  /* A block: four pages for the stack of a thread, at a multiple of four. */
  unsigned long stack = bootmem_pages_allocate(2, -1, 0);
  /* A run: exactly as many pages as a device wants, at a multiple of 2 MiB and below 4 GiB. */
  unsigned long buffer = bootmem_pages_allocate_run(1000, 512, -1, 0x100000);

  CHECK(stack != BOOTMEM_NO_PAGE && buffer != BOOTMEM_NO_PAGE);
  CHECK(bootmem_pages_resize_run(buffer, 1000, 1200, 0) == 0);
  CHECK(bootmem_pages_free_run(buffer, 1200) == 0);
  CHECK(bootmem_pages_free(stack, 2) == 0);
}

void kernel_start(const struct range *usable, unsigned count)
{
  unsigned long message, at_first;

  memory_start(usable, count);
  message = (unsigned long)alloc_bootmem_pages(4 * BOOTMEM_PAGE_SIZE) / BOOTMEM_PAGE_SIZE;

  /* Instead of memory_hand_over(): what is free from here on is the library's, by the same bitmaps. */
  CHECK(bootmem_keep_pages() == 0);
  /* What boot memory gave away stays reserved, until it is needed no longer. */
  CHECK(bootmem_pages_release(message, message + 4) == 0);
  at_first = free_pages();
  use_pages();
  CHECK(free_pages() == at_first);
  say("ok\n");
  machine_leave(1);
}
