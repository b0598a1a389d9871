/* A kernel in C that has its boot memory from libbootmem.a, called as a Linux 2.6 kernel does.
 * Copy from here: bootmem_start() is all that a kernel needs that knows its memory. */
#include "kernel.h"

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)

static void BOOTMEM_CALL print(void *context, const char *text, size_t length)
{
  (void)context;
  while (length-- > 0) machine_put(*text++);
}

static void say(const char *text)
{
  for (; *text != 0; text++) print(NULL, text, 1);
}

void fail(const char *text)
{
  say(text);
  machine_leave(0);
}

/* ---- What the library asks of the kernel ---- */

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
  (void)context, (void)code;
  fail(message);
}

static unsigned long released;

/* Here the page allocator takes over. */
static void BOOTMEM_CALL release_pages(
  void *context, unsigned long pfn, unsigned int order, int nid)
{
  char *start = (char *)(pfn * BOOTMEM_PAGE_SIZE), *end = start + (BOOTMEM_PAGE_SIZE << order);

  (void)context;
  CHECK(nid == 0 && order <= 10 && pfn % (1UL << order) == 0);
  CHECK(end <= image_start || start >= image_end); /* this very code */
  *(volatile unsigned long *)start = pfn;
  released += 1UL << order;
}

/* ---- Boot memory ---- */

static unsigned long usable_pages; /* whole ones */

static void bootmem_start(const struct range *usable, unsigned count)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform,
    .cache_line_size = 64,
    .max_dma_address = 0x1000000, /* these two are a PC's, and do no harm elsewhere */
    .low_address_limit = 0xffffffff,
    .max_order = 10,
    .write = print,
    .fault = fault,
    .release_pages = release_pages,
  };
  unsigned long map_pfn = PFN_UP((unsigned long)image_end);
  uint64_t top = 0;
  unsigned i;

  CHECK(bootmem_setup(&platform) == 0);
  /* The node reaches up to the end of usable memory, all of it reserved at first; its bitmap lies
   * behind the image. */
  for (i = 0; i < count; i++)
    if (usable[i].end > top) top = usable[i].end;
  init_bootmem(map_pfn, (unsigned long)(top / BOOTMEM_PAGE_SIZE));
  /* Usable ranges are freed, cut down to whole pages... */
  for (i = 0; i < count; i++) {
    free_bootmem((unsigned long)usable[i].start, (unsigned long)(usable[i].end - usable[i].start));
    usable_pages += (unsigned long)(usable[i].end / BOOTMEM_PAGE_SIZE - PFN_UP(usable[i].start));
  }
  /* ...and what is in use there is reserved: the image, and the bitmap.  Modules and the command
   * line would be too, if this kernel looked at them. */
  reserve_bootmem((unsigned long)image_start, (unsigned long)(image_end - image_start),
    BOOTMEM_DEFAULT);
  reserve_bootmem(map_pfn * BOOTMEM_PAGE_SIZE,
    bootmem_bootmap_pages(max_low_pfn) * BOOTMEM_PAGE_SIZE, BOOTMEM_EXCLUSIVE);
}

/* How deep the stack, all zero to begin with, has been. */
static unsigned long stack_used(void)
{
  const char *byte = stack;

  while (*byte == 0) byte++;
  return (unsigned long)(stack_top - byte);
}

void kernel_start(const struct range *usable, unsigned count)
{
  unsigned long *small, *large, *low, in_use, index;

  bootmem_start(usable, count);
  small = alloc_bootmem(100);
  large = alloc_bootmem_pages(3 * BOOTMEM_PAGE_SIZE);
  low = alloc_bootmem_low_pages(BOOTMEM_PAGE_SIZE);
  CHECK((uintptr_t)small % 64 == 0 && (uintptr_t)large % BOOTMEM_PAGE_SIZE == 0 && low != NULL);
  for (index = 0; index < 3 * BOOTMEM_PAGE_SIZE / sizeof *large; index++) CHECK(large[index] == 0);
  CHECK(alloc_bootmem_nopanic(~0UL) == NULL);
  CHECK(reserve_bootmem((unsigned long)low, 1, BOOTMEM_EXCLUSIVE) == -16);
  /* Every page but the image and five allocated ones goes to the page allocator. */
  in_use = PFN_UP((unsigned long)(image_end - image_start)) + 5;
  CHECK(free_all_bootmem() == usable_pages - in_use && released == usable_pages - in_use);
  CHECK(stack_used() <= 2048);
  say("ok\n");
  machine_leave(1);
}
