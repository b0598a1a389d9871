/* SPDX-License-Identifier: MIT */
/* A kernel in C that has its boot memory from libbootmem.a, called as a Linux 2.6 kernel does: what
 * memory.c makes is looked at here. */
#include "kernel.h"

/* How deep the stack, all zero to begin with, has been. */
static unsigned long stack_used(void)
{
  const char *byte = stack;

  while (*byte == 0) byte++;
  return (unsigned long)(stack_top - byte);
}

void kernel_start(const struct range *usable, unsigned count)
{
  unsigned long *small, *large, *low, pages = 0, in_use, index, pfn;

  memory_start(usable, count);
  small = alloc_bootmem(100);
  large = alloc_bootmem_pages(3 * BOOTMEM_PAGE_SIZE);
  low = alloc_bootmem_low_pages(BOOTMEM_PAGE_SIZE);
  CHECK((uintptr_t)small % 64 == 0 && (uintptr_t)large % BOOTMEM_PAGE_SIZE == 0 && low != NULL);
  for (index = 0; index < 3 * BOOTMEM_PAGE_SIZE / sizeof *large; index++) CHECK(large[index] == 0);
  CHECK(alloc_bootmem_nopanic(~0UL) == NULL);
  CHECK(reserve_bootmem((unsigned long)low, 1, BOOTMEM_EXCLUSIVE) == -16);

  /* The page allocator has every usable page but the image, these five and its own bitmap. */
  memory_hand_over();
  while ((pfn = page_allocate()) != 0) {
    char *page = (char *)(pfn * BOOTMEM_PAGE_SIZE);

    CHECK(page + BOOTMEM_PAGE_SIZE <= image_start || page >= image_end);
    if (pfn % 1024 == 0) *(volatile char *)page = 1;
    pages++;
  }
  in_use = PFN_UP((unsigned long)(image_end - image_start)) + 5
    + PFN_UP(pages_map_size(max_low_pfn));
  for (index = 0; index < count; index++)
    pages -= (unsigned long)(usable[index].end / BOOTMEM_PAGE_SIZE - PFN_UP(usable[index].start));
  CHECK(pages + in_use == 0);
  CHECK(stack_used() <= 2048);
  say("ok\n");
  machine_leave(1);
}
