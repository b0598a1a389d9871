/* Boot memory in the upper half: the node is registered while 4 MiB are mapped. */
#include "bootmem.h"
#include "kernel.h"
#include "multiboot.h"

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)
#if defined(__i386__)
#define REACH (896UL << 20) /* the direct map ends there, below the end of the address space */
#else
#define REACH (64UL << 30) /* a bitmap of more would not lie in 4 MiB */
#endif

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

void memory_start(const struct multiboot_info *info)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform, .direct_map_offset = OFFSET, .max_dma_address = 0x1000000,
    .low_address_limit = 0xffffffff, .max_order = 10, .fault = fault,
  };
  const struct map_entry *const map = (const void *)(OFFSET + info->map), *range;
  const struct map_entry *const map_end = (const void *)((const char *)map + info->map_size);
  const unsigned long image = (unsigned long)image_start - OFFSET;
  const unsigned long image_size = (unsigned long)(image_end - image_start);
  unsigned long bitmap = PFN_UP(image + image_size), bitmap_pages, top = 0;
  unsigned long mapped = 4UL << 20; /* by start.S */

  if (!(info->flags & 1 << 6)) panic("the loader has left no memory map");
  if (info->map > mapped - info->map_size) panic("the loader's map is not mapped");
  if (info->map >= image) bitmap = PFN_UP(info->map + info->map_size);
  for (range = map; range < map_end; range = next(range))
    if (usable_end(range, REACH) > top) top = (unsigned long)usable_end(range, REACH);

  /* The bitmap is written when the node is registered: it has to lie in what is mapped. */
  if (bootmem_setup(&platform) != 0) panic("the platform is none that the library takes");
  bootmem_set_mapped_end(mapped);
  bitmap_pages = bootmem_bootmap_pages(top / BOOTMEM_PAGE_SIZE);
  if (bitmap + bitmap_pages > mapped / BOOTMEM_PAGE_SIZE) panic("no room for the bitmap");
  init_bootmem(bitmap, top / BOOTMEM_PAGE_SIZE);
  for (range = map; range < map_end; range = next(range))
    if (usable_end(range, REACH) != 0)
      free_bootmem(range->start, usable_end(range, REACH) - range->start);
  reserve_bootmem(0, BOOTMEM_PAGE_SIZE, BOOTMEM_DEFAULT);
  reserve_bootmem(image, image_size, BOOTMEM_DEFAULT);
  reserve_bootmem(info->map, info->map_size, BOOTMEM_DEFAULT);
  reserve_bootmem(bitmap * BOOTMEM_PAGE_SIZE, bitmap_pages * BOOTMEM_PAGE_SIZE,
    BOOTMEM_EXCLUSIVE);

  /* Memory is cleared when it is allocated: so each table lies in what is mapped, and maps more. */
  while (mapped < top) {
    mapped = map_more(alloc_bootmem_pages(BOOTMEM_PAGE_SIZE), mapped);
    bootmem_set_mapped_end(mapped);
  }
  bootmem_set_mapped_end(0); /* all is mapped: no such limit any more */
}
