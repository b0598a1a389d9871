/* A kernel in C that has its boot memory from libbootmem.a, called as a Linux 2.6 kernel does.
 * Copy from here: bootmem_start() is all that a kernel with a Multiboot 1 loader needs. */
#include <stddef.h>
#include <stdint.h>
#include "bootmem.h"

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)
#define CHECK(condition) do { if (!(condition)) fail("failed: " #condition "\n"); } while (0)

/* What the loader hands over (Multiboot Specification 0.6.96, section 3.3). */
struct multiboot_info {
  uint32_t flags, lower, upper, boot_device, command_line, module_count, modules, symbols[4];
  uint32_t map_size, map;
};
struct map_entry {
  uint32_t size; /* of what follows */
  uint64_t start, length;
  uint32_t type; /* 1: usable */
} __attribute__((packed));

extern char image_start[], image_end[]; /* from the linker script */

/* ---- Serial line and exit, for the test ---- */

static void out8(uint16_t port, uint8_t value)
{
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void BOOTMEM_CALL print(void *context, const char *text, size_t length)
{
  (void)context;
  while (length-- > 0) out8(0x3f8, (uint8_t)*text++);
}

static void say(const char *text)
{
  for (; *text != 0; text++) print(NULL, text, 1);
}

__attribute__((noreturn)) static void leave(uint8_t code)
{
  for (;;) out8(0xf4, code); /* QEMU's isa-debug-exit ends with 2 * code + 1 */
}

__attribute__((noreturn)) static void fail(const char *text)
{
  say(text);
  leave(17);
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

static unsigned long usable; /* whole pages that the map calls usable */

static const struct map_entry *next(const struct map_entry *entry)
{
  return (const void *)((const char *)entry + entry->size + sizeof entry->size);
}

static void bootmem_start(const struct multiboot_info *info)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform,
    .cache_line_size = 64,
    .max_dma_address = 0x1000000,
    .low_address_limit = 0xffffffff,
    .max_order = 10,
    .write = print,
    .fault = fault,
    .release_pages = release_pages,
  };
  const struct map_entry *entry = (const void *)(uintptr_t)info->map;
  const struct map_entry *map_end = (const void *)(uintptr_t)(info->map + info->map_size);
  const uint64_t limit = 0xfffff000; /* what 32 bits reach; on 64 what start.S has mapped */
  uint64_t top = 0;
  unsigned long map_pfn = PFN_UP((unsigned long)image_end);

  CHECK(info->flags & 1 << 6);
  CHECK(bootmem_setup(&platform) == 0);
  /* The node reaches up to the end of usable memory, all of it reserved at first; its bitmap lies
   * behind the image, unless that is where the loader left its map. */
  for (; entry < map_end; entry = next(entry))
    if (entry->type == 1 && entry->start + entry->length > top) top = entry->start + entry->length;
  if (top > limit) top = limit;
  if ((unsigned long)map_end > (unsigned long)image_end) map_pfn = PFN_UP((unsigned long)map_end);
  init_bootmem(map_pfn, (unsigned long)(top / BOOTMEM_PAGE_SIZE));
  /* Usable ranges are freed, cut down to whole pages... */
  for (entry = (const void *)(uintptr_t)info->map; entry < map_end; entry = next(entry)) {
    uint64_t end = entry->start + entry->length;

    if (entry->type != 1 || entry->start >= limit) continue;
    if (end > limit) end = limit;
    free_bootmem((unsigned long)entry->start, (unsigned long)(end - entry->start));
    usable += (unsigned long)(end / BOOTMEM_PAGE_SIZE - PFN_UP(entry->start));
  }
  /* ...and what is in use there is reserved: page 0 (NULL), the image, the loader's map, the
   * bitmap.  Modules and the command line would be too, if this kernel looked at them. */
  reserve_bootmem(0, BOOTMEM_PAGE_SIZE, BOOTMEM_DEFAULT);
  reserve_bootmem((unsigned long)image_start, (unsigned long)(image_end - image_start),
    BOOTMEM_DEFAULT);
  reserve_bootmem(info->map, info->map_size, BOOTMEM_DEFAULT);
  reserve_bootmem(map_pfn * BOOTMEM_PAGE_SIZE,
    bootmem_bootmap_pages(max_low_pfn) * BOOTMEM_PAGE_SIZE, BOOTMEM_EXCLUSIVE);
}

void kernel_main(uint32_t magic, const struct multiboot_info *info)
{
  unsigned long *small, *large, *low, in_use, index;

  CHECK(magic == 0x2badb002);
  bootmem_start(info);
  small = alloc_bootmem(100);
  large = alloc_bootmem_pages(3 * BOOTMEM_PAGE_SIZE);
  low = alloc_bootmem_low_pages(BOOTMEM_PAGE_SIZE);
  CHECK((uintptr_t)small % 64 == 0 && (uintptr_t)large % BOOTMEM_PAGE_SIZE == 0 && low != NULL);
  for (index = 0; index < 3 * BOOTMEM_PAGE_SIZE / sizeof *large; index++) CHECK(large[index] == 0);
  CHECK(alloc_bootmem_nopanic(~0UL) == NULL);
  CHECK(reserve_bootmem((unsigned long)low, 1, BOOTMEM_EXCLUSIVE) == -16);
  /* Every page but page 0, the image, the loader's map and five allocated ones goes to the page
   * allocator. */
  in_use = 1 + PFN_UP((unsigned long)(image_end - image_start))
    + PFN_UP(info->map + info->map_size) - info->map / BOOTMEM_PAGE_SIZE + 5;
  CHECK(free_all_bootmem() == usable - in_use && released == usable - in_use);
  say("ok\n");
  leave(16);
}
