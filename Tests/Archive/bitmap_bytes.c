/* SPDX-License-Identifier: MIT */
/* BOOTMEM_BITMAP_BYTES() is what a bitmap takes, whatever its size; and it is a constant. */
#include "kit.h"

#include <stdlib.h>

static unsigned long map[BOOTMEM_BITMAP_BYTES(0x8000) / sizeof(long)];

/* The largest node: 2^52 pages, and on a 32-bit machine as many as addresses have. */
#define LAST_SIZE (WORD_BITS == 64 ? END_PFN : ~0UL - 64)

static void expect_size(unsigned long pages)
{
  /* Only its top level is touched when it is registered, which lies first. */
  static unsigned long room[0x1000 / sizeof(long)];
  unsigned long size = BOOTMEM_BITMAP_BYTES(pages);

  KIT_EQUAL(size / BOOTMEM_PAGE_SIZE + (size % BOOTMEM_PAGE_SIZE != 0),
    bootmem_bootmap_pages(pages));
  if (pages == 0 || pages > END_PFN) return;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  KIT_EQUAL(bootmem_init_node_at(bootmem_node(0), room, 0, pages), size);
}

int main(void)
{
  const char *seed = getenv("BOOTMEM_RANDOM_SEED");
  unsigned long pages, random = 12345 + (seed != NULL ? strtoul(seed, NULL, 0) : 0);
  unsigned shift;
  int step;

  kit_setup(0, 1);
  kit_test("small bitmaps");
  for (pages = 0; pages < 0x3000; pages++) expect_size(pages);
  kit_test("bitmaps around the powers of two, at which levels begin");
  for (shift = 13; shift < WORD_BITS && 1UL << shift <= LAST_SIZE - 0x1000; shift++)
    for (step = -0x200; step < 0x200; step++) expect_size((1UL << shift) + (unsigned long)step);
  kit_test("bitmaps of any size");
  for (step = 0; step < 100000; step++) {
    random = random * 1103515245UL + 12345;
    expect_size((random >> 1) % (LAST_SIZE >> (step & 31)));
  }
  kit_test("the largest bitmaps");
  for (step = 0; step < 0x200; step++) expect_size((unsigned long)LAST_SIZE - (unsigned long)step);
  kit_test("a static bitmap");
  kit_setup(0, 1);
  KIT_EQUAL(bootmem_init_node_at(bootmem_node(0), map, 3, 0x8003), sizeof map);
  return kit_finish();
}
