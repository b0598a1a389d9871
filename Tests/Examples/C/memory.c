/* Boot memory: from the loader's map to the kernel's own page allocator. */
#include "bootmem.h"
#include "kernel.h"
#include "multiboot.h"

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)
#define REACH 0xfffff000UL /* memory below is mapped, each byte at its own address */

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

void memory_start(const struct multiboot_info *info)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform, .max_dma_address = 0x1000000, .low_address_limit = 0xffffffff,
    .max_order = 10, .fault = fault, .release_pages = release_pages,
  };
  const struct map_entry *const map = (const void *)(unsigned long)info->map, *range;
  const struct map_entry *const map_end = (const void *)((const char *)map + info->map_size);
  const unsigned long image = (unsigned long)image_start, end = (unsigned long)image_end;
  unsigned long bitmap = PFN_UP(end), bitmap_pages, top = 0;

  if (!(info->flags & 1 << 6)) panic("the loader has left no memory map");
  if (info->map >= image) bitmap = PFN_UP(info->map + info->map_size);
  for (range = map; range < map_end; range = next(range))
    if (usable_end(range, REACH) > top) top = (unsigned long)usable_end(range, REACH);

  /* The node reaches up to the end of usable memory; all of it is reserved at first.  Its bitmap
   * lies behind the image, or behind the loader's map if that does too. */
  if (bootmem_setup(&platform) != 0) panic("the platform is none that the library takes");
  init_bootmem(bitmap, top / BOOTMEM_PAGE_SIZE);
  bitmap_pages = bootmem_bootmap_pages(top / BOOTMEM_PAGE_SIZE);
  /* Usable ranges are freed... */
  for (range = map; range < map_end; range = next(range))
    if (usable_end(range, REACH) != 0)
      free_bootmem(range->start, usable_end(range, REACH) - range->start);
  /* ...and what is in use there is reserved: page 0 (NULL), the image, the loader's map, the
   * bitmap.  Modules and the command line would be too, if this kernel looked at them. */
  reserve_bootmem(0, BOOTMEM_PAGE_SIZE, BOOTMEM_DEFAULT);
  reserve_bootmem(image, end - image, BOOTMEM_DEFAULT);
  reserve_bootmem(info->map, info->map_size, BOOTMEM_DEFAULT);
  reserve_bootmem(bitmap * BOOTMEM_PAGE_SIZE, bitmap_pages * BOOTMEM_PAGE_SIZE,
    BOOTMEM_EXCLUSIVE);
}

/* The kernel's own bitmap, without a free page, is the last that boot memory allocates. */
void memory_hand_over(void)
{
  pages_start(alloc_bootmem_pages(pages_map_size(max_low_pfn)), max_low_pfn);
  free_all_bootmem();
}
