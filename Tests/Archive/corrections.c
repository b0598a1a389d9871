/* SPDX-License-Identifier: MIT */
/* Where Linux 4.19 is wrong and this library is right, D01 to D25: one test each, through the C
 * interface.  The numbers are those of the specification's table. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>

/* The arena lies where no node of these tests does; a page of it holds a bitmap. */
enum { ARENA_PFN = 0xe0000, ARENA_PAGES = 64 };

static unsigned long spans[BOOTMEM_MAX_NODES][2];
static unsigned long next_map_pfn;

static void begin(const char *name)
{
  kit_test(name);
  kit_setup(ARENA_PFN, ARENA_PAGES);
  memset(spans, 0, sizeof spans);
  next_map_pfn = ARENA_PFN;
}

/* Registers a node of the pages [start, end). */
static pg_data_t *add_node(int nid, unsigned long start, unsigned long end)
{
  unsigned long pages = bootmem_bootmap_pages(end - start);

  KIT_EXPECT(init_bootmem_node(bootmem_node(nid), next_map_pfn, start, end) != 0);
  next_map_pfn += pages;
  spans[nid][0] = start;
  spans[nid][1] = end;
  return bootmem_node(nid);
}

static void free_pages(unsigned long start, unsigned long end)
{
  free_bootmem(start << 12, (end - start) << 12);
}

static int reserve_pages(unsigned long start, unsigned long end, int flags)
{
  return reserve_bootmem(start << 12, (end - start) << 12, flags);
}

static bool is_reserved(int nid, unsigned long pfn)
{
  unsigned long bit = pfn - spans[nid][0];

  return bootmem_map_word(bootmem_node(nid), bit / WORD_BITS) >> bit % WORD_BITS & 1;
}

/* A hash of every bit of every node. */
static unsigned long marks(void)
{
  unsigned long hash = 5381, index;
  int nid;

  for (nid = 0; nid < BOOTMEM_MAX_NODES; nid++)
    for (index = 0; index * WORD_BITS < spans[nid][1] - spans[nid][0] + WORD_BITS; index++)
      hash = hash * 33 ^ bootmem_map_word(bootmem_node(nid), index);
  return hash;
}

/* The statement is misuse, the message says `text`, and nothing is marked. */
#define EXPECT_MISUSE(text, ...)                           \
  do {                                                     \
    unsigned long before = marks();                        \
    KIT_CATCH(__VA_ARGS__);                                \
    KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);  \
    KIT_SAYS(kit_message, (text));                         \
    KIT_EXPECT(marks() == before);                         \
  } while (0)

#define EXPECT_OUT_OF_MEMORY(...)                               \
  do {                                                          \
    unsigned long before = marks();                             \
    KIT_CATCH(__VA_ARGS__);                                     \
    KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY); \
    KIT_EXPECT(marks() == before);                              \
  } while (0)

/* The call returns memory at this physical address. */
#define EXPECT_AT(call, address)               \
  do {                                         \
    const void *memory = (call);               \
    KIT_EXPECT(memory != NULL);                \
    KIT_EQUAL(kit_address(memory), (address)); \
  } while (0)

/* Memory that is written to would have to exist, so none of these clears. */
static unsigned long allocate(unsigned long size, unsigned long goal)
{
  struct bootmem_request request = {.size = size, .align = 1, .goal = goal, .nid = -1};
  unsigned long address = ~0UL;

  KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
  return address;
}

static void test_D01(void)
{
  pg_data_t *high;

  begin("D01 the low limit holds on a node");
  /* On 32 bits the last page but one is the last below the limit. */
  kit_platform.low_address_limit = 0xfffffff;
  bootmem_setup(&kit_platform);
  add_node(0, 0x10, 0x20);
  high = add_node(1, 0x10000, 0x10100);
  free_pages(0x10, 0x20);
  free_pages(0x10000, 0x10100);
  EXPECT_AT(__alloc_bootmem_low_node(high, 0x100, 64, 0), 0x10000);
  EXPECT_OUT_OF_MEMORY(__alloc_bootmem_low_node(high, 0x10000, 64, 0));
}

static void test_D02(void)
{
  pg_data_t *node;

  begin("D02 a goal that reaches beyond the limit is dropped, the limit is not");
  node = add_node(0, 0, 0x100);
  free_pages(0x10, 0x100);
  EXPECT_AT(___alloc_bootmem_node_nopanic(node, 0x4000, 64, 0x3e000, 0x40000), 0x10000);
  KIT_EXPECT(___alloc_bootmem_node_nopanic(node, 0x40000, 64, 0x3e000, 0x40000) == NULL);
}

static void test_D03(void)
{
  begin("D03 low variants drop a goal that reaches beyond the limit");
  add_node(0, 0, 0x100);
  free_pages(0x10, 0x100);
  EXPECT_AT(__alloc_bootmem_low(0x1000, 64, 0xfffff000), 0x10000);
  EXPECT_AT(__alloc_bootmem_low_nopanic(0x1000, 64, 0xfffff000), 0x11000);
}

static void begin_sharing(const char *name)
{
  begin(name);
  add_node(0, 0, 0x100);
  free_pages(0xa, 0x100);
  KIT_EQUAL(allocate(0x100, 0), 0xa000);
}

static void test_D04(void)
{
  begin_sharing("D04 nothing merges into a page that was freed");
  free_pages(0xa, 0xb);
  KIT_EQUAL(allocate(0x100, 0xb000), 0xb000);
  begin_sharing("D04 a free that leaves the page reserved does not end sharing");
  free_bootmem(0xa400, 0x100);
  KIT_EQUAL(allocate(0x100, 0xb000), 0xa100);
}

static void test_D05(void)
{
  begin_sharing("D05 nothing merges into a page that was freed and reserved");
  free_pages(0xa, 0xb);
  KIT_EQUAL((unsigned)reserve_pages(0xa, 0xb, BOOTMEM_EXCLUSIVE), 0);
  KIT_EQUAL(allocate(0x100, 0), 0xb000);
}

static void test_D06(void)
{
  begin_sharing("D06 nothing merges into a page whose rest was reserved");
  KIT_EQUAL((unsigned)reserve_bootmem(0xa800, 0x100, BOOTMEM_DEFAULT), 0);
  KIT_EQUAL(allocate(0x100, 0), 0xb000);
  begin_sharing("D06 an exclusive reserve that failed does not end sharing");
  KIT_EXPECT(reserve_bootmem(0xa800, 0x100, BOOTMEM_EXCLUSIVE) == EBUSY_RESULT);
  KIT_EQUAL(allocate(0x100, 0xb000), 0xa100);
}

/* How often each page from `start` on was released. */
static unsigned releases(unsigned long pfn)
{
  unsigned count = 0;
  size_t index;

  for (index = 0; index < kit_block_count; index++)
    count += pfn - kit_blocks[index].pfn < 1UL << kit_blocks[index].order;
  return count;
}

static void test_D07(void)
{
  unsigned long pfn;

  begin("D07 the hand-over releases the tail of a node with an unaligned start");
  add_node(0, 0x25, 0xa7);
  free_pages(0x25, 0xa7);
  KIT_EQUAL(free_all_bootmem(), 0xa7 - 0x25 + 1);
  for (pfn = 0x25; pfn < 0xa7; pfn++) KIT_EQUAL(releases(pfn), 1);
  KIT_EQUAL(releases(0x24) + releases(0xa7), 0);
}

static void test_D08_D09(void)
{
  static const unsigned long ranges[][2] = {{0xf800, 0x900}, {0x10000, 0x100}, {0x1f800, 0x400},
    {0x1f800, 0x900}, {0x20000, 0xfff}, {0x2f800, 0x700}, {0x2f800, 0x1000}};
  static const unsigned long outside[][2] = {{0x30000, 1}, {0x30000, 0xfff}, {0x30800, 0x1000},
    {0x1000, 0x400}, {0xfff, 1}, {0x1234567, 0x1000}};
  unsigned long before;
  size_t index;

  begin("D08, D09 a free of less than a page at the edge of a node does nothing");
  add_node(0, 0x10, 0x20);
  add_node(1, 0x20, 0x30);
  free_pages(0x10, 0x30);
  reserve_pages(0x20, 0x28, BOOTMEM_DEFAULT);
  before = marks();
  for (index = 0; index < sizeof ranges / sizeof *ranges; index++) {
    free_bootmem(ranges[index][0], ranges[index][1]);
    KIT_EXPECT(marks() == before);
  }
  free_bootmem_node(bootmem_node(0), 0x1f800, 0x400);
  free_bootmem_node(bootmem_node(1), 0x20000, 0x400);
  KIT_EXPECT(marks() == before);

  kit_test("D08, D09 a free of less than a page behind the last node or in a hole does nothing");
  for (index = 0; index < sizeof outside / sizeof *outside; index++) {
    KIT_CATCH(free_bootmem(outside[index][0], outside[index][1]));
    KIT_EQUAL((unsigned)kit_fault, 0);
    KIT_CATCH(free_bootmem_node(bootmem_node(0), outside[index][0], outside[index][1]));
    KIT_EQUAL((unsigned)kit_fault, 0);
    KIT_CATCH(free_bootmem_node(bootmem_node(7), outside[index][0], outside[index][1]));
    KIT_EQUAL((unsigned)kit_fault, 0);
  }
  KIT_EXPECT(marks() == before);
}

static void test_D10(void)
{
  static const unsigned long places[] = {0, 0xf800, 0x20000, 0x20800, 0x28000, 0x40000, 0x40001};
  unsigned long before;
  size_t index;

  begin("D10 an empty range outside of nodes does nothing");
  add_node(0, 0x10, 0x20);
  add_node(1, 0x30, 0x40);
  free_pages(0x10, 0x20);
  before = marks();
  for (index = 0; index < sizeof places / sizeof *places; index++) {
    free_bootmem(places[index], 0);
    KIT_EQUAL((unsigned)reserve_bootmem(places[index], 0, BOOTMEM_DEFAULT), 0);
    KIT_EQUAL((unsigned)reserve_bootmem(places[index], 0, BOOTMEM_EXCLUSIVE), 0);
  }
  KIT_EXPECT(marks() == before);

  kit_test("D10 an empty free inside a node lowers the hint, an empty reserve takes its page");
  KIT_EQUAL(allocate(0x3000, 0), 0x10000);
  free_pages(0x10, 0x12);
  KIT_EQUAL(allocate(0x1000, 0), 0x10000);
  reserve_bootmem(0x18800, 0, BOOTMEM_DEFAULT);
  KIT_EXPECT(is_reserved(0, 0x18) && !is_reserved(0, 0x17) && !is_reserved(0, 0x19));
  reserve_bootmem(0x1a000, 0, BOOTMEM_DEFAULT);
  KIT_EXPECT(!is_reserved(0, 0x19) && !is_reserved(0, 0x1a));
}

static void test_D11(void)
{
  begin("D11 an alignment of 0 is the cache line");
  add_node(0, 0, 0x10);
  free_pages(1, 0x10);
  EXPECT_AT(__alloc_bootmem(1, 1, 0), 0x1000);
  EXPECT_AT(__alloc_bootmem(1, 0, 0), 0x1040);
  EXPECT_AT(alloc_bootmem_low(1), 0x1080);
  EXPECT_AT(__alloc_bootmem(1, 1, 0), 0x1081);
}

static void test_D12(void)
{
  static const unsigned long sizes[] = {
    ~0UL, ~0UL - 1, ~0UL - 0xffe, ~0UL - 0xfff, ~0UL - 0x10000, ~0UL / 2 + 1};
  size_t index;

  begin("D12 a size near the top of the address space is out of memory");
  add_node(0, 0, 0x100);
  free_pages(0, 0x100);
  for (index = 0; index < sizeof sizes / sizeof *sizes; index++) {
    unsigned long size = sizes[index];

    EXPECT_OUT_OF_MEMORY(__alloc_bootmem(size, 64, 0x1000));
    EXPECT_OUT_OF_MEMORY(__alloc_bootmem_low(size, 64, 0x1000));
    KIT_EXPECT(__alloc_bootmem_nopanic(size, 64, 0) == NULL);
    KIT_EXPECT(___alloc_bootmem_node_nopanic(bootmem_node(0), size, 64, 0x1000, 0x80000) == NULL);
  }
}

static void test_D13_D14(void)
{
  unsigned long end = (unsigned long)END_PFN;

  begin("D13, D14 a range may end at the top of the address space");
  add_node(0, end - 0x10, end);
  free_bootmem((end - 1) << 12, 0x1000);
  KIT_EXPECT(!is_reserved(0, end - 1) && is_reserved(0, end - 2));
  KIT_EQUAL(allocate(0x1000, 0), (end - 1) << 12);
  KIT_EXPECT(is_reserved(0, end - 1));
  free_bootmem((end - 0x10) << 12, 0x10000);
  KIT_EQUAL((unsigned)reserve_bootmem(((end - 1) << 12) + 1, 0xfff, BOOTMEM_EXCLUSIVE), 0);
  KIT_EXPECT(is_reserved(0, end - 1) && !is_reserved(0, end - 2));

  kit_test("D14 a range beyond the top is misuse");
  KIT_CATCH(free_bootmem((end - 1) << 12, 0x1001));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EXPECT(strstr(kit_message, "beyond the address space") != NULL);
  KIT_CATCH(reserve_bootmem((end - 2) << 12, 0x2001, BOOTMEM_DEFAULT));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(reserve_bootmem_node(bootmem_node(0), ~0UL, ~0UL, BOOTMEM_DEFAULT));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EXPECT(is_reserved(0, end - 1) && !is_reserved(0, end - 2));
}

static void test_D15(void)
{
  unsigned long extra;

  for (extra = 0x8000; extra <= 0x8001; extra++) {
    begin("D15 the high variant needs more than 128 MiB beyond its border");
    kit_platform.max_dma32_pfn = 0x40000;
    bootmem_setup(&kit_platform);
    add_node(0, 0, 0x40000 + extra);
    free_pages(1, 0x40000 + extra);
    EXPECT_AT(__alloc_bootmem_node_high(bootmem_node(0), 0x1000, 64, 0),
      extra == 0x8000 ? 0x1000 : 0x40000000);
    /* With a goal beyond the border nothing is special. */
    EXPECT_AT(__alloc_bootmem_node_high(bootmem_node(0), 0x1000, 64, 0x41000000), 0x41000000);
  }
}

static void test_D16(void)
{
  begin("D16 an empty node between two that adjoin is skipped");
  add_node(0, 0x10, 0x20);
  add_node(1, 0x20, 0x20);
  add_node(2, 0x20, 0x30);
  free_pages(0x18, 0x28);
  KIT_EXPECT(!is_reserved(0, 0x18) && !is_reserved(0, 0x1f));
  KIT_EXPECT(!is_reserved(2, 0x20) && is_reserved(2, 0x28));
  KIT_EQUAL((unsigned)reserve_pages(0x1f, 0x21, BOOTMEM_EXCLUSIVE), 0);
  KIT_EXPECT(is_reserved(0, 0x1f) && is_reserved(2, 0x20) && !is_reserved(2, 0x21));

  begin("D16 an empty node that starts where another does is skipped");
  add_node(0, 0x10, 0x20);
  add_node(1, 0x10, 0x10);
  add_node(2, 0x20, 0x30);
  free_pages(0x18, 0x28);
  KIT_EXPECT(!is_reserved(0, 0x18) && !is_reserved(2, 0x27));
}

static void test_D17(void)
{
  static const unsigned long overlapping[][2] = {
    {0x1f, 0x30}, {0, 0x11}, {0x12, 0x14}, {0x10, 0x20}, {0x8, 0x40}};
  size_t index;

  begin("D17 a node that overlaps another is misuse");
  add_node(0, 0x10, 0x20);
  for (index = 0; index < sizeof overlapping / sizeof *overlapping; index++) {
    KIT_CATCH(init_bootmem_node(
      bootmem_node(1), ARENA_PFN + 1, overlapping[index][0], overlapping[index][1]));
    KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
    KIT_EXPECT(bootmem_map_word(bootmem_node(1), 0) == ~0UL);
  }
  EXPECT_MISUSE("bootmem: init_bootmem_node(0xe0001, 0x1f, 0x30): the span 0x1f-0x30 overlaps that of node 0",
    init_bootmem_node(bootmem_node(1), ARENA_PFN + 1, 0x1f, 0x30));
  /* Node 1 can still be registered. */
  add_node(1, 0x20, 0x30);
  free_pages(0x1f, 0x21);
}

static void test_D18(void)
{
  begin("D18 what is refused changes nothing");
  add_node(0, 0x10, 0x20);
  add_node(1, 0x20, 0x30);
  add_node(2, 0x40, 0x50);
  free_pages(0x28, 0x2a);
  EXPECT_MISUSE("bootmem: free_bootmem(0x10000, 0x20000): page 0x28 is free already",
    free_pages(0x10, 0x30));
  EXPECT_MISUSE("bootmem: free_bootmem(0x2a000, 0x1a000): page 0x30 lies in no node",
    free_pages(0x2a, 0x44));
  EXPECT_MISUSE("bootmem: reserve_bootmem(0x48000, 0x9000): page 0x50 lies in no node",
    reserve_pages(0x48, 0x51, BOOTMEM_DEFAULT));
  EXPECT_MISUSE("bootmem: reserve_bootmem_node(0x1f000, 0x2000): page 0x20 lies outside node 0",
    reserve_bootmem_node(bootmem_node(0), 0x1f000, 0x2000, BOOTMEM_DEFAULT));
  EXPECT_MISUSE("bootmem: free_bootmem_node(0x1f000, 0x2000): page 0x20 lies outside node 0",
    free_bootmem_node(bootmem_node(0), 0x1f000, 0x2000));
  EXPECT_MISUSE("bootmem: __alloc_bootmem(0x0, 0x40, 0x0): the size is 0", __alloc_bootmem(0, 64, 0));
  EXPECT_MISUSE(
    "bootmem: __alloc_bootmem_low_nopanic(0x1, 0x30, 0x0): the alignment 0x30 is not a power of two",
    __alloc_bootmem_low_nopanic(1, 48, 0));
  {
    unsigned long before = marks();

    KIT_EXPECT(reserve_pages(0x28, 0x2b, BOOTMEM_EXCLUSIVE) == EBUSY_RESULT);
    KIT_EXPECT(reserve_pages(0x1f, 0x2b, BOOTMEM_EXCLUSIVE) == EBUSY_RESULT);
    KIT_EXPECT(marks() == before);
  }
  KIT_EQUAL(allocate(0x2000, 0), 0x28000);
}

static void test_D19(void)
{
  begin("D19 after the hand-over a reserve is refused");
  add_node(0, 0x10, 0x20);
  free_pages(0x10, 0x20);
  KIT_EQUAL(free_all_bootmem(), 0x11);
  KIT_EXPECT(reserve_bootmem(0x10000, 0x1000, BOOTMEM_DEFAULT) == EINVAL_RESULT);
  KIT_EXPECT(reserve_bootmem(0x10000, 0, BOOTMEM_DEFAULT) == EINVAL_RESULT);
  KIT_EXPECT(reserve_bootmem(~0UL, ~0UL, BOOTMEM_EXCLUSIVE) == EINVAL_RESULT);
  KIT_EXPECT(reserve_bootmem_node(bootmem_node(0), 0x10000, 1, 0) == EINVAL_RESULT);
}

static void test_D20(void)
{
  begin("D20 room in the last page of a node is not used, as in Linux");
  add_node(0, 0x10, 0x12);
  free_pages(0x10, 0x12);
  KIT_EQUAL(allocate(0x1800, 0), 0x10000);
  KIT_EXPECT(__alloc_bootmem_nopanic(0x100, 64, 0) == NULL);
}

static void test_D21(void)
{
  unsigned long pfn;

  begin("D21 a bitmap in pages that are free is released once");
  next_map_pfn = 0xe0008;
  add_node(0, 0xe0000, 0xe0020);
  add_node(1, 0xe0030, 0xe0038);
  free_pages(0xe0000, 0xe0020);
  KIT_EQUAL(free_all_bootmem(), 0x20);
  for (pfn = 0xe0000; pfn < 0xe0020; pfn++) KIT_EQUAL(releases(pfn), 1);
}

static void test_D22(void)
{
  begin("D22 the pages of a bitmap are released by their own numbers, last");
  next_map_pfn = ARENA_PFN + 5;
  add_node(0, 0x10, 0x20);
  free_pages(0x18, 0x19);
  KIT_EQUAL(free_all_bootmem(), 2);
  KIT_EQUAL(kit_block_count, 2);
  KIT_EQUAL(kit_blocks[0].pfn, 0x18);
  KIT_EQUAL(kit_blocks[1].pfn, ARENA_PFN + 5);
}

static void test_D23(void)
{
  begin("D23 a node that is registered twice is misuse");
  add_node(0, 0x10, 0x20);
  free_pages(0x10, 0x20);
  EXPECT_MISUSE("bootmem: init_bootmem_node(0xe0001, 0x40, 0x50): registered already: node 0",
    init_bootmem_node(bootmem_node(0), ARENA_PFN + 1, 0x40, 0x50));
  KIT_EQUAL(allocate(0x1000, 0), 0x10000);
}

static void test_D24(void)
{
  begin("D24 a node that ends before it starts is misuse");
  EXPECT_MISUSE("bootmem: init_bootmem_node(0xe0000, 0x20, 0x1f): the end lies below the start",
    init_bootmem_node(bootmem_node(0), ARENA_PFN, 0x20, 0x1f));
  EXPECT_MISUSE("bootmem: init_bootmem_node(0xe0000, 0x20, 0x0): the end lies below the start",
    init_bootmem_node(bootmem_node(0), ARENA_PFN, 0x20, 0));
  add_node(0, 0x1f, 0x20);
}

static void test_D25(void)
{
  static const unsigned long limits[] = {1, 0x800, 0xfff};
  size_t index;

  begin("D25 nothing lies below a limit within the first page");
  add_node(0, 0, 0x10);
  free_pages(0, 0x10);
  for (index = 0; index < sizeof limits / sizeof *limits; index++) {
    struct bootmem_request request = {.size = 1, .limit = limits[index], .nid = -1};
    unsigned long address;

    KIT_EXPECT(___alloc_bootmem_node_nopanic(bootmem_node(0), 1, 64, 0, limits[index]) == NULL);
    KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  }
  EXPECT_AT(___alloc_bootmem_node_nopanic(bootmem_node(0), 1, 64, 0, 0x1000), 0);
}

int main(void)
{
  test_D01();
  test_D02();
  test_D03();
  test_D04();
  test_D05();
  test_D06();
  test_D07();
  test_D08_D09();
  test_D10();
  test_D11();
  test_D12();
  test_D13_D14();
  test_D15();
  test_D16();
  test_D17();
  test_D18();
  test_D19();
  test_D20();
  test_D21();
  test_D22();
  test_D23();
  test_D24();
  test_D25();
  return kit_finish();
}
