/* SPDX-License-Identifier: MIT */
/* One owner of pages: once they are kept, every call that releases leads to the allocator that has
 * them, and its own memory is nobody's to give out. */
#include "kit.h"

#include <bootmem_ledger.h>
#include <bootmem_pages.h>
#include <string.h>

enum { PAGES = 0x1000, BITMAP = 0x11, OTHER_BITMAP = 0x21 };

static struct bootmem_entry entries[16];
static size_t seen;

/* Two nodes, the bitmap of the second in the first; every tree goes where the allocator likes. */
static void set_up(const char *name)
{
  kit_test(name);
  kit_setup(0, PAGES);
  seen = 0;
  init_bootmem_node(bootmem_node(0), BITMAP, 0, PAGES / 2);
  init_bootmem_node(bootmem_node(1), OTHER_BITMAP, PAGES / 2, PAGES);
  free_bootmem(0x100000, (PAGES - 0x100) * 0x1000UL);
  KIT_EQUAL(bootmem_set_ledger(entries, 16), 0);
  KIT_EQUAL(bootmem_reserve_as(BITMAP * 0x1000UL, 0x1000, BOOTMEM_DEFAULT, "bitmap"), 0);
  KIT_EQUAL(bootmem_reserve_as(0x200000, 0x3000, BOOTMEM_EXCLUSIVE, "init code"), 0);
  KIT_EQUAL(bootmem_reserve_as(0x204000, 0x2000, BOOTMEM_EXCLUSIVE, "module"), 0);
}

static const char *said(void)
{
  const char *text = kit_text + seen;

  seen = strlen(kit_text);
  return text;
}

static unsigned long free_pages(int nid)
{
  struct bootmem_pages_statistics statistics;

  KIT_EQUAL(bootmem_pages_count(nid, &statistics), 0);
  return statistics.free_pages;
}

/* The page of a node that the allocator has taken for its tree: the first that was free before. */
static unsigned long tree_page(int nid)
{
  unsigned long pfn = nid == 0 ? 0x100 : PAGES / 2;

  while (bootmem_pages_free(pfn, 0) == 0 || strstr(said(), "tree") == NULL) pfn++;
  return pfn;
}

static void test_release(void)
{
  set_up("what is released late comes free in the allocator");
  KIT_EQUAL(bootmem_reserve_as((PAGES - 1) * 0x1000UL, 0x1000, BOOTMEM_EXCLUSIVE, "driver"), 0);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before = free_pages(0);

  KIT_EQUAL(bootmem_release_as("init code"), 3);
  KIT_EQUAL(free_pages(0), before + 3);
  KIT_EXPECT(bootmem_holder(0x200) == NULL);
  free_bootmem_late(0x203800, 0x2800);
  KIT_EQUAL(free_pages(0), before + 5);
  unsigned long before_on_1 = free_pages(1);

  KIT_EQUAL(bootmem_release_as("driver"), 1);
  KIT_EQUAL(free_pages(1), before_on_1 + 1);
  KIT_EQUAL(bootmem_pages_free(0x200, 0), EINVAL_RESULT);
  KIT_SAYS(said(), "bootmem: bootmem_pages_free(): page 0x200 was to be freed with order 0, but is "
      "free\n");
  /* None of it went to the platform. */
  KIT_EQUAL(kit_block_count, 0);
}

static void test_refusals(void)
{
  static const struct {
    unsigned long pfn, pages;
    const char *reason;
  } rows[] = {
    {BITMAP, 1, "page 0x11 was to be released, but holds the bitmap of node 0"},
    {0x10, 0x40, "page 0x11 was to be released, but holds the bitmap of node 0"},
    {OTHER_BITMAP - 1, 3, "page 0x21 was to be released, but holds the bitmap of node 1"},
    {0x300, 1, "page 0x300 was to be released, but is free"},
    {0x204, 3, "page 0x206 was to be released, but is free"},
    {PAGES, 1, "page 0x1000 was to be released, but lies in no node"},
  };
  char text[256];

  set_up("a release of what cannot be is refused by name, and changes nothing");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before[2] = {free_pages(0), free_pages(1)};

  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    unsigned long first = rows[row].pfn, end = first + rows[row].pages;

    KIT_EQUAL(bootmem_pages_release(first, end), EINVAL_RESULT);
    strcat(strcat(strcpy(text, "bootmem: bootmem_pages_release(): "), rows[row].reason), "\n");
    KIT_SAYS(said(), text);
    KIT_CATCH(free_bootmem_late(first * 0x1000, rows[row].pages * 0x1000));
    KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
    KIT_EXPECT(strstr(kit_message, "bootmem: free_bootmem_late(0x") == kit_message);
    KIT_SAYS(strstr(kit_message, "): ") + 3, rows[row].reason);
  }
  KIT_CATCH(free_bootmem_late(~0UL - 0xfff, 0x2000));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
  for (int nid = 0; nid < 2; nid++) {
    unsigned long tree = tree_page(nid);

    KIT_EQUAL(bootmem_pages_release(tree, tree + 1), EINVAL_RESULT);
    KIT_EXPECT(strstr(said(), "holds the page allocator's tree of node ") != NULL);
    KIT_CATCH(free_bootmem_late(tree * 0x1000, 0x1000));
    KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
  }
  KIT_EQUAL(bootmem_release_as("bitmap"), 0);
  KIT_SAYS(said(), "bootmem: free_bootmem_late(0x11000, 0x1000): page 0x11 was to be released, but "
      "holds the bitmap of node 0\n");
  KIT_SAYS(bootmem_holder(BITMAP), "bitmap");
  KIT_EQUAL(free_pages(0), before[0]);
  KIT_EQUAL(free_pages(1), before[1]);
  /* Nor does the allocator ever give them out. */
  for (unsigned long pfn; (pfn = bootmem_pages_allocate(0, -1, 0)) != BOOTMEM_NO_PAGE;)
    KIT_EXPECT(pfn != BITMAP && pfn != OTHER_BITMAP);
  KIT_EQUAL(kit_block_count, 0);
}

/* Ranges of one name, of which one cannot be released: the others are, and it stays. */
static void test_partly(void)
{
  set_up("of a name, what cannot be released stays in the ledger");
  KIT_EQUAL(bootmem_label(0x204000, 0x1000, "init code"), 0);
  KIT_EQUAL(bootmem_label(0x300000, 0x1000, "init code"), 0);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned long before = free_pages(0);

  KIT_EQUAL(bootmem_release_as("init code"), 3);
  KIT_EQUAL(free_pages(0), before + 3);
  KIT_EXPECT(strstr(said(), "page 0x300 was to be released, but is free") != NULL);
  KIT_SAYS(bootmem_holder(0x300), "init code");
  KIT_SAYS(bootmem_holder(0x204), "module");
}

static void test_without_nodes(void)
{
  kit_test("without a node no pages are kept");
  kit_setup(0, PAGES);
  seen = 0;
  KIT_EQUAL(bootmem_keep_pages(), EINVAL_RESULT);
  KIT_SAYS(said(), "bootmem: bootmem_keep_pages(): boot memory has no node with pages\n");
  KIT_EQUAL(bootmem_pages_free(BOOTMEM_NO_PAGE, 0), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_free(0, 0), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_allocate(0, -1, 0), BOOTMEM_NO_PAGE);
  /* It can be set up still. */
  init_bootmem(BITMAP, PAGES);
  free_bootmem(0x100000, 0x100000);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  KIT_EQUAL(bootmem_pages_free(BOOTMEM_NO_PAGE, 0), EINVAL_RESULT);
  unsigned long pfn = bootmem_pages_allocate(0, -1, 0);

  KIT_EXPECT(pfn != BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_pages_free(BOOTMEM_NO_PAGE, 0), EINVAL_RESULT);
  KIT_EQUAL(bootmem_pages_free(pfn, 0), 0);
}

/* Another setup has its pages for itself again. */
static void test_setup_again(void)
{
  set_up("another setup forgets the allocator");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  set_up("another setup forgets the allocator, and releases to the platform");
  free_all_bootmem();
  size_t before = kit_block_count;

  KIT_EQUAL(bootmem_release_as("init code"), 3);
  KIT_EQUAL(kit_block_count, before + 3);
}

/* The lowest free memory above what old devices need begins at NULL. */
static void set_up_null_memory(const char *name)
{
  /* Room for what the allocator knows once, not twice: the pages after NULL are no memory. */
  enum { AT_NULL = 0x1000, FIRST = 0x21000, FREE = 8 };

  kit_test(name);
  kit_setup(FIRST, PAGES);
  if (kit_null_pfn() != AT_NULL) kit_setup_elsewhere(FIRST, PAGES);
  KIT_EQUAL(kit_null_pfn(), AT_NULL);
  init_bootmem_node(bootmem_node(0), FIRST, AT_NULL, FIRST + PAGES);
  free_bootmem(AT_NULL * 0x1000UL, FREE * 0x1000UL);
}

static void test_null_memory(void)
{
  set_up_null_memory("what the allocator knows does not lie at NULL, and that memory stays free");
  free_bootmem(0x21800000, 0x800000);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  KIT_EQUAL(bootmem_pages_allocate(0, -1, 0), 0x1000);
  KIT_EQUAL(free_pages(0), 7 + 0x800 - 5);
}

static void test_null_memory_alone(void)
{
  set_up_null_memory("where only that memory is free, nothing changes");
  KIT_EQUAL(bootmem_keep_pages(), ENOMEM_RESULT);
  KIT_EQUAL(bootmem_is_reserved(0x1000), 0);
}

int main(void)
{
  test_release();
  test_refusals();
  test_partly();
  test_without_nodes();
  test_setup_again();
  test_null_memory();
  test_null_memory_alone();
  return kit_finish();
}
