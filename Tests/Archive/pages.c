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

static void test_release(void)
{
  set_up("what was reserved is released by range");
  reserve_bootmem(0x100000, 0x10000, BOOTMEM_DEFAULT);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before = free_pages(0);

  KIT_EQUAL(bootmem_pages_free(0x100, 0), EINVAL_RESULT);
  KIT_EXPECT(strstr(kit_text, "page 100 was to be freed with order 0, but has been reserved since"));
  KIT_EQUAL(bootmem_pages_release(0x100, 0x111), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_release(0x110, 0x100), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_release(0x100, 0x110), 0);
  KIT_EQUAL(free_pages(0), before + 0x10);
  KIT_EQUAL(bootmem_keep_pages(), EINVAL_RESULT);
}

static void BOOTMEM_CALL *allocate_late(void *context, size_t size, size_t align, int nid)
{
  unsigned int order = 0;

  (void)context;
  while ((0x1000UL << order) < size || (0x1000UL << order) < align)
    order++;
  unsigned long pfn = bootmem_pages_allocate(order, nid, 0);
  return pfn == BOOTMEM_NO_PAGE ? NULL : kit_pointer(pfn * 0x1000);
}

static void test_late(void)
{
  set_up("late_allocate served by pages");
  kit_platform.late_allocate = allocate_late;
  KIT_EQUAL(bootmem_setup(&kit_platform), 0);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES);
  free_bootmem(0x20000, (PAGES - 0x20) * 0x1000UL);
  KIT_EQUAL(bootmem_pages_allocate(0, -1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before = free_pages(0);
  void *memory = __alloc_bootmem(3 * 0x1000, 0x1000, 0);

  KIT_EXPECT(memory != NULL);
  KIT_EQUAL(free_pages(0), before - 4);
  KIT_EQUAL(bootmem_pages_free(kit_address(memory) / 0x1000, 2), 0);
  KIT_EQUAL(free_pages(0), before);
}

int main(void)
{
  test_before();
  test_blocks();
  test_nodes();
  test_release();
  test_late();
  return kit_finish();
}
