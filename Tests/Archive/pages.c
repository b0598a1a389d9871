/* SPDX-License-Identifier: MIT */
/* The page allocator's C interface, in an image that links it. */
#include "kit.h"

#include <bootmem_pages.h>
#include <string.h>

enum { PAGES = 0x2000 };

/* Two nodes of PAGES pages together, from page 0 on; page 0 and some more stay reserved. */
static void set_up(const char *name)
{
  kit_test(name);
  kit_setup(0, PAGES);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES / 2);
  init_bootmem_node(bootmem_node(1), 0x10, PAGES / 2, PAGES);
  free_bootmem(0x20000, (PAGES - 0x20) * 0x1000UL);
}

static unsigned long free_pages(int nid)
{
  struct bootmem_pages_statistics statistics;

  KIT_EQUAL(bootmem_pages_count(nid, &statistics), 0);
  unsigned long pages = 0;
  for (int order = 0; order <= BOOTMEM_PAGES_MAX_ORDER; order++)
    pages += statistics.free_blocks[order] << order;
  KIT_EQUAL(pages, statistics.free_pages);
  return pages;
}

static void test_before(void)
{
  set_up("without bootmem_keep_pages() there are no pages");
  KIT_EQUAL(bootmem_pages_allocate(0, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_free(0x100, 0), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_release(0, 1), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_count(0, NULL), EINVAL_RESULT);
  free_all_bootmem();
  KIT_EQUAL(bootmem_keep_pages(), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_allocate(0, -1, 0), BOOTMEM_NO_PAGE);
}

static void test_blocks(void)
{
  set_up("blocks come and go");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before[2] = {free_pages(0), free_pages(1)};

  for (unsigned int order = 0; order <= BOOTMEM_PAGES_MAX_ORDER; order++) {
    unsigned long pfn = bootmem_pages_allocate(order, 1, 0);

    KIT_EXPECT(pfn >= PAGES / 2 && pfn % (1UL << order) == 0);
    KIT_EQUAL(free_pages(1), before[1] - (1UL << order));
    KIT_EQUAL(bootmem_pages_free(pfn, order == 0 ? 1 : order - 1), EINVAL_RESULT);
    KIT_EQUAL(bootmem_pages_free(pfn, order), 0);
    KIT_EQUAL(bootmem_pages_free(pfn, order), EINVAL_RESULT);
    KIT_EXPECT(bootmem_pages_allocate(order, -1, 0x800) + (1UL << order) <= 0x800);
  }
  KIT_EQUAL(bootmem_pages_allocate(11, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_allocate(~0U, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_free(0x100, ~0U), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_allocate(0, BOOTMEM_MAX_NODES, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_allocate(0, -2, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(free_pages(1), before[1]);
}

static void test_runs(void)
{
  set_up("runs have exactly their pages");
  KIT_EQUAL(bootmem_pages_allocate_run(1, 1, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_free_run(0x100, 1), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_resize_run(0x100, 1, 2, 0), EINVAL_RESULT);
  bootmem_pages_prepare();
  KIT_EQUAL(bootmem_keep_pages(), 0);
  bootmem_pages_prepare();
  unsigned long before = free_pages(1);
  static const unsigned long counts[] = {1, 5, 33, 64, 100, 1025, 3000};

  for (unsigned int row = 0; row < sizeof counts / sizeof *counts; row++) {
    unsigned long count = counts[row], align = 1UL << row;
    unsigned long pfn = bootmem_pages_allocate_run(count, align, 1, 0);

    KIT_EXPECT(pfn >= PAGES / 2 && pfn % align == 0 && pfn + count <= PAGES);
    KIT_EQUAL(free_pages(1), before - count);
    KIT_EQUAL(bootmem_pages_free_run(pfn, count + 1), EINVAL_RESULT);
    KIT_EQUAL(bootmem_pages_free_run(pfn, count - 1), EINVAL_RESULT);
    KIT_EQUAL(bootmem_pages_free_run(pfn + 1, count), EINVAL_RESULT);
    KIT_EQUAL(bootmem_pages_resize_run(pfn, count, count + 7, 0), 0);
    KIT_EQUAL(free_pages(1), before - count - 7);
    KIT_EQUAL(bootmem_pages_resize_run(pfn, count + 7, count + 8, pfn + count + 7), -12);
    KIT_EQUAL(bootmem_pages_resize_run(pfn, count + 7, 0, 0), EINVAL_RESULT);
    KIT_EQUAL(bootmem_pages_resize_run(pfn, count, 1, 0), EINVAL_RESULT);
    KIT_EQUAL(bootmem_pages_resize_run(pfn, count + 7, count, 0), 0);
    KIT_EQUAL(bootmem_pages_free_run(pfn, count), 0);
    KIT_EQUAL(bootmem_pages_free_run(pfn, count), EINVAL_RESULT);
    KIT_EXPECT(strstr(kit_text, "are no run: the first is free"));
    KIT_EQUAL(free_pages(1), before);
  }
  KIT_EQUAL(bootmem_pages_allocate_run(0, 1, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_allocate_run(1, 3, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_allocate_run(PAGES, 1, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_allocate_run(1, 1, BOOTMEM_MAX_NODES, 0), BOOTMEM_NO_PAGE);
  KIT_EXPECT(bootmem_pages_allocate_run(5, 0, -1, 0x800) + 5 <= 0x800);
  /* One that could be a block is freed as a block too. */
  KIT_EQUAL(bootmem_pages_free(bootmem_pages_allocate_run(4, 4, -1, 0), 2), 0);
}

static void test_nodes(void)
{
  set_up("a node that is used up");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long count = free_pages(1);

  while (bootmem_pages_allocate_on(0, 1, 0) != BOOTMEM_NO_PAGE)
    count--;
  KIT_EQUAL(count, 0);
  KIT_EXPECT(bootmem_pages_allocate(0, 1, 0) < PAGES / 2);
}

static void test_named_nodes(void)
{
  set_up("a node that is named, or none that has pages");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before[2] = {free_pages(0), free_pages(1)};

  KIT_EQUAL(free_pages(2), 0);
  for (unsigned int order = 0; order <= BOOTMEM_PAGES_MAX_ORDER; order++) {
    unsigned long on = bootmem_pages_allocate_on(order, 1, 0);
    unsigned long below = bootmem_pages_allocate_on(order, 1, PAGES / 2 + 0x800);
    unsigned long any = bootmem_pages_allocate_on(order, -1, 0);
    unsigned long empty = bootmem_pages_allocate(order, 2, 0);

    KIT_EXPECT(on >= PAGES / 2 && on + (1UL << order) <= PAGES);
    KIT_EXPECT(below >= PAGES / 2 && below + (1UL << order) <= PAGES / 2 + 0x800);
    KIT_EXPECT(any < PAGES / 2 && empty < PAGES / 2);
    KIT_EQUAL(bootmem_pages_allocate_on(order, 1, PAGES / 2), BOOTMEM_NO_PAGE);
    KIT_EQUAL(bootmem_pages_allocate_on(order, 2, 0), BOOTMEM_NO_PAGE);
    kit_text[0] = 0;
    KIT_EQUAL(bootmem_pages_allocate_on(order, -2, 0), BOOTMEM_NO_PAGE);
    KIT_EXPECT(strstr(kit_text, "there is no node -2\n"));
    KIT_EQUAL(bootmem_pages_allocate_on(order, BOOTMEM_MAX_NODES, 0), BOOTMEM_NO_PAGE);
    KIT_EQUAL(free_pages(0), before[0] - (2UL << order));
    KIT_EQUAL(free_pages(1), before[1] - (2UL << order));
    KIT_EQUAL(bootmem_pages_free(on, order) | bootmem_pages_free(below, order), 0);
    KIT_EQUAL(bootmem_pages_free(any, order) | bootmem_pages_free(empty, order), 0);
  }
}

static void test_release(void)
{
  set_up("what was reserved is released by range");
  reserve_bootmem(0x100000, 0x10000, BOOTMEM_DEFAULT);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before = free_pages(0);

  KIT_EQUAL(bootmem_pages_free(0x100, 0), EINVAL_RESULT);
  KIT_EXPECT(strstr(kit_text, "page 0x100 was to be freed with order 0, but has been reserved since"));
  KIT_EQUAL(bootmem_pages_release(0x100, 0x111), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_release(0x110, 0x100), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_release(0x100, 0x110), 0);
  KIT_EQUAL(free_pages(0), before + 0x10);
  KIT_EQUAL(bootmem_keep_pages(), EINVAL_RESULT);
}

#define direct_map kit_pointer

/* As bootmem_pages.h says that a kernel writes it. */
static void *BOOTMEM_CALL late_allocate(void *context, size_t size, size_t align, int nid)
{
  unsigned long bytes = size > align ? size : align, pfn;
  unsigned int order = 0;

  (void)context;
  while (order <= BOOTMEM_PAGES_MAX_ORDER && BOOTMEM_PAGE_SIZE << order < bytes)
    order++;
  pfn = bootmem_pages_allocate(order, nid, 0);
  return pfn == BOOTMEM_NO_PAGE ? NULL : memset(direct_map(pfn * BOOTMEM_PAGE_SIZE), 0, size);
}

static bool is_clear(const unsigned char *memory, size_t size)
{
  for (size_t index = 0; index < size; index++)
    if (memory[index])
      return false;
  return true;
}

/* The same two nodes, whose pages serve allocations after the hand-over. */
static void set_up_late(const char *name)
{
  set_up(name);
  kit_platform.late_allocate = late_allocate;
  KIT_EQUAL(bootmem_setup(&kit_platform), 0);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES / 2);
  init_bootmem_node(bootmem_node(1), 0x10, PAGES / 2, PAGES);
  free_bootmem(0x20000, (PAGES - 0x20) * 0x1000UL);
  KIT_EQUAL(bootmem_keep_pages(), 0);
}

static void test_late(void)
{
  set_up_late("late_allocate served by pages: sizes, alignments, clear memory");
  unsigned long before = free_pages(0);
  static const struct {
    unsigned long size, align;
    unsigned int order;
  } rows[] = {
    {1, 0, 0}, {0x1000, 1, 0}, {0x1001, 0, 1}, {3 * 0x1000, 0x1000, 2}, {64, 0x8000, 3},
    {0x1000UL << BOOTMEM_PAGES_MAX_ORDER, 0, BOOTMEM_PAGES_MAX_ORDER},
  };

  for (unsigned int row = 0; row < sizeof rows / sizeof *rows; row++) {
    unsigned long pages = 1UL << rows[row].order;
    unsigned long pfn = bootmem_pages_allocate(rows[row].order, -1, 0);

    memset(kit_pointer(pfn * 0x1000), 0xff, pages * 0x1000);
    KIT_EQUAL(bootmem_pages_free(pfn, rows[row].order), 0);
    void *memory = __alloc_bootmem(rows[row].size, rows[row].align, 0);

    KIT_EQUAL(kit_address(memory), pfn * 0x1000);
    KIT_EQUAL(kit_address(memory) % (rows[row].align ? rows[row].align : 64), 0);
    KIT_EXPECT(is_clear(memory, rows[row].size));
    KIT_EQUAL(free_pages(0), before - pages);
    KIT_EQUAL(bootmem_pages_free(pfn, rows[row].order), 0);
  }
  KIT_EQUAL(free_pages(0), before);
}

static void test_late_nodes(void)
{
  set_up_late("late_allocate served by pages: nodes, and what does not fit");
  unsigned long before[2] = {free_pages(0), free_pages(1)};

  KIT_EXPECT(kit_address(__alloc_bootmem_node(bootmem_node(1), 1, 0, 0)) >= PAGES / 2 * 0x1000UL);
  KIT_EQUAL(free_pages(1), before[1] - 1);
  KIT_EXPECT(__alloc_bootmem_nopanic((0x1000UL << BOOTMEM_PAGES_MAX_ORDER) + 1, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem_nopanic(~0UL, 0, 0) == NULL);
  KIT_CATCH(__alloc_bootmem((0x1000UL << BOOTMEM_PAGES_MAX_ORDER) + 1, 0, 0));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_EQUAL(free_pages(0), before[0]);
  while (bootmem_pages_allocate(0, -1, 0) != BOOTMEM_NO_PAGE)
    continue;
  KIT_EXPECT(__alloc_bootmem_nopanic(1, 0, 0) == NULL);
  KIT_CATCH(__alloc_bootmem_node(bootmem_node(0), 1, 0, 0));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
}

int main(void)
{
  test_before();
  test_blocks();
  test_runs();
  test_nodes();
  test_named_nodes();
  test_release();
  test_late();
  test_late_nodes();
  return kit_finish();
}
