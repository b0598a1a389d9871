/* SPDX-License-Identifier: MIT */
/* Boot memory: from what is usable to the kernel's own page allocator. */
#include "kernel.h"

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
  (void)context, (void)code;
  panic(message);
}

static void BOOTMEM_CALL release_pages(
  void *context, unsigned long pfn, unsigned int order, int nid)
{
  unsigned long end = pfn + (1UL << order);

  (void)context, (void)nid;
  for (; pfn < end; pfn++) page_free(pfn);
}

void memory_start(const struct range *usable, unsigned count)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform, .max_order = 10, .fault = fault, .release_pages = release_pages,
    .max_dma_address = 0x1000000, .low_address_limit = 0xffffffff, /* a PC's */
  };
  unsigned long start = (unsigned long)image_start, end = (unsigned long)image_end;
  unsigned long bitmap = PFN_UP(end), bitmap_pages, i;
  uint64_t top = 0;

  CHECK(bootmem_setup(&platform) == 0);
  /* The node reaches up to the end of usable memory, all of it reserved at first; its bitmap lies
   * behind the image. */
  for (i = 0; i < count; i++)
    if (usable[i].end > top) top = usable[i].end;
  init_bootmem(bitmap, (unsigned long)(top / BOOTMEM_PAGE_SIZE));
  bitmap_pages = bootmem_bootmap_pages(max_low_pfn);
  /* Usable ranges are freed, cut down to whole pages... */
  for (i = 0; i < count; i++)
    free_bootmem((unsigned long)usable[i].start, (unsigned long)(usable[i].end - usable[i].start));
  /* ...and what is in use there is reserved: page 0, a pointer to which is NULL, the image, and the
   * bitmap.  Modules and the command line would be too, if this kernel looked at them. */
  reserve_bootmem(0, BOOTMEM_PAGE_SIZE, BOOTMEM_DEFAULT);
  reserve_bootmem(start, end - start, BOOTMEM_DEFAULT);
  reserve_bootmem(bitmap * BOOTMEM_PAGE_SIZE, bitmap_pages * BOOTMEM_PAGE_SIZE,
    BOOTMEM_EXCLUSIVE);
}

/* The kernel's own bitmap, without a free page, is the last that boot memory allocates. */
void memory_hand_over(void)
{
  pages_start(alloc_bootmem_pages(pages_map_size(max_low_pfn)), max_low_pfn);
  free_all_bootmem();
}
