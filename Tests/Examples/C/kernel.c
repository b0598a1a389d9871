/* A kernel in C that has its boot memory from libbootmem.a: console, end, and a look at what
 * memory.c has made. */
#include <stddef.h>
#include "bootmem.h"
#include "kernel.h"
#include "multiboot.h"

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)
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

/* The pages that are left when boot memory is set up: usable ones without page 0, the image, the
 * loader's map and the bitmap. */
static unsigned long pages_left(const struct multiboot_info *info)
{
  const struct map_entry *range = (const void *)(uintptr_t)info->map;
  const uintptr_t end = info->map + info->map_size;
  unsigned long left = 0;

  for (; (uintptr_t)range < end; range = next(range)) {
    unsigned long first = PFN_UP(range->start), last = usable_end(range, 0xfffff000) >> 12;

    if (last > first) left += last - first;
  }
  left -= 1 + PFN_UP((unsigned long)(image_end - image_start));
  left -= PFN_UP(end) - info->map / BOOTMEM_PAGE_SIZE;
  return left - bootmem_bootmap_pages(max_low_pfn);
}

void kernel_main(uint32_t magic, const struct multiboot_info *info)
{
  unsigned long *small, *large, *low, left, index, count = 0, pfn;

  CHECK(magic == 0x2badb002);
  memory_start(info);
  left = pages_left(info);

  small = alloc_bootmem(100);
  large = alloc_bootmem_pages(3 * BOOTMEM_PAGE_SIZE);
  low = alloc_bootmem_low_pages(BOOTMEM_PAGE_SIZE);
  CHECK((uintptr_t)small % 64 == 0 && (uintptr_t)large % BOOTMEM_PAGE_SIZE == 0 && low != NULL);
  for (index = 0; index < 3 * BOOTMEM_PAGE_SIZE / sizeof *large; index++) CHECK(large[index] == 0);
  CHECK(alloc_bootmem_nopanic(~0UL) == NULL);
  CHECK(reserve_bootmem((unsigned long)low, 1, BOOTMEM_EXCLUSIVE) == -16);

  /* All pages but these five and its own bitmap's are the page allocator's, and those of the bitmap
   * that boot memory needs no more. */
  memory_hand_over();
  left += bootmem_bootmap_pages(max_low_pfn);
  left -= 5 + PFN_UP(pages_map_size(max_low_pfn));
  for (; (pfn = page_allocate()) != 0; count++) {
    char *page = (char *)(pfn * BOOTMEM_PAGE_SIZE);

    CHECK(page + BOOTMEM_PAGE_SIZE <= image_start || page >= image_end);
    if (pfn % 1024 == 0) *(volatile char *)page = 1;
  }
  CHECK(count == left);
  say("ok\n");
  leave(16);
}
