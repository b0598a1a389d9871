/* SPDX-License-Identifier: MIT */
/* Boot memory in the upper half: the node is registered while 4 MiB are mapped. */
#include "kernel.h"

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
  (void)context, (void)code;
  panic(message);
}

/* Maps what one table reaches, `start` among it, by a fresh one.  Returns the end of that. */
static unsigned long map_more(unsigned long *table, unsigned long start)
{
  unsigned long number = start / TABLE_REACH, index;

  for (index = 0; index < TABLE_ENTRIES; index++)
    table[index] = number * TABLE_REACH + index * ENTRY_REACH + ENTRY_FLAGS;
  upper_table[UPPER_FIRST + number] = (unsigned long)table - OFFSET + 3; /* present, writable */
  return (number + 1) * TABLE_REACH;
}

void memory_start(const struct range *usable, unsigned count)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform, .direct_map_offset = OFFSET, .max_order = 10, .fault = fault,
    .max_dma_address = 0x1000000, .low_address_limit = 0xffffffff, /* a PC's */
  };
  unsigned long start = (unsigned long)image_start - OFFSET;
  unsigned long end = (unsigned long)image_end - OFFSET;
  unsigned long bitmap = PFN_UP(end), bitmap_pages, mapped = MAPPED_AT_FIRST, i;
  uint64_t top = 0;

  for (i = 0; i < count; i++)
    if (usable[i].end > top) top = usable[i].end;
  CHECK(bootmem_setup(&platform) == 0);
  bootmem_set_mapped_end(mapped);
  /* The bitmap is written when the node is registered: it has to lie in what is mapped. */
  bitmap_pages = bootmem_bootmap_pages((unsigned long)(top / BOOTMEM_PAGE_SIZE));
  CHECK(bitmap + bitmap_pages <= mapped / BOOTMEM_PAGE_SIZE);
  init_bootmem(bitmap, (unsigned long)(top / BOOTMEM_PAGE_SIZE));
  /* Usable ranges are freed; what is in use there is reserved. */
  for (i = 0; i < count; i++)
    free_bootmem((unsigned long)usable[i].start, (unsigned long)(usable[i].end - usable[i].start));
  reserve_bootmem(start, end - start, BOOTMEM_DEFAULT);
  reserve_bootmem(bitmap * BOOTMEM_PAGE_SIZE, bitmap_pages * BOOTMEM_PAGE_SIZE,
    BOOTMEM_EXCLUSIVE);
  /* Memory is cleared when it is allocated: so each table lies in what is mapped, and maps more. */
  while (mapped < top) {
    mapped = map_more(alloc_bootmem_pages(BOOTMEM_PAGE_SIZE), mapped);
    bootmem_set_mapped_end(mapped);
  }
  bootmem_set_mapped_end(0); /* all is mapped: no such limit any more */
}
