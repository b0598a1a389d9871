/* SPDX-License-Identifier: MIT */
/* The edges of the interface, each as bootmem.h defines it: NULL, nodes that do not exist,
 * platforms that are refused, calls before the set-up and after the hand-over, faults that return
 * or leave by longjmp(), and the callbacks. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_PFN = 0x1000, ARENA_PAGES = 0x400 };

/* A machine of one node, [0, ARENA_PFN + ARENA_PAGES), of which the arena is free but for the
 * bitmap in its first pages. */
static unsigned long map_pages;

static void begin(const char *name)
{
  kit_test(name);
  kit_setup(ARENA_PFN, ARENA_PAGES);
  map_pages = bootmem_bootmap_pages(ARENA_PFN + ARENA_PAGES);
  KIT_EXPECT(init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES) != 0);
  free_bootmem((ARENA_PFN + map_pages) << 12, (ARENA_PAGES - map_pages) << 12);
}

static void expect_fault(int code, const char *message)
{
  KIT_EQUAL((unsigned)kit_fault, (unsigned)code);
  KIT_SAYS(kit_message, message);
}

/* ---- Before the set-up ---- */

static void test_before_setup(void)
{
  struct bootmem_request request = {.size = 1, .nid = -1};
  unsigned long address = 7;

  kit_test("before the set-up every call does nothing");
  KIT_EXPECT(init_bootmem(1, 0x100) == 0);
  KIT_EXPECT(init_bootmem_node(bootmem_node(0), 1, 0, 0x100) == 0);
  KIT_EXPECT(init_bootmem_node(NULL, 1, 0, 0x100) == 0);
  KIT_EXPECT(bootmem_init_node_at(bootmem_node(0), &address, 0, 1) == 0);
  KIT_EQUAL(min_low_pfn, 0);
  KIT_EQUAL(max_low_pfn, 0);
  free_bootmem(0, 0x1000);
  free_bootmem_node(NULL, 0, 0x1000);
  free_bootmem_late(0, 0x1000);
  KIT_EXPECT(reserve_bootmem(0, 0x1000, BOOTMEM_DEFAULT) == EINVAL_RESULT);
  KIT_EXPECT(reserve_bootmem_node(NULL, 0, 0, BOOTMEM_DEFAULT) == EINVAL_RESULT);
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem(0, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem_node(NULL, 1, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem_node_high(bootmem_node(0), 1, 0, 0) == NULL);
  KIT_EXPECT(___alloc_bootmem_node_nopanic(NULL, 1, 0, 0, 0) == NULL);
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request.align = 1;
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  KIT_EQUAL(address, 7);
  KIT_EQUAL(free_all_bootmem(), 0);
  KIT_EQUAL(bootmem_map_word(bootmem_node(0), 0), ~0UL);
  KIT_EXPECT(bootmem_is_reserved(0) == EINVAL_RESULT);
  bootmem_set_mapped_end(1);
  KIT_EQUAL(bootmem_default_goal, 0);

  kit_test("before the set-up nodes and sizes are known");
  KIT_EXPECT(bootmem_node(0) != NULL);
  KIT_EQUAL(bootmem_bootmap_pages(1), 1);
  KIT_EQUAL(bootmem_bootmap_pages(~0UL), 0);
}

/* ---- The platform ---- */

/* The size of the struct before it had node_number. */
#define FIRST_SIZE offsetof(struct bootmem_platform, node_number)

static void test_platform(void)
{
  struct bootmem_platform platform;

  begin("a platform that is refused changes nothing");
  platform = kit_platform;
  KIT_EXPECT(bootmem_setup(NULL) == EINVAL_RESULT);
  for (platform.size = 0; platform.size < 3 * sizeof platform; platform.size++)
    if (platform.size != sizeof platform && platform.size != FIRST_SIZE)
      KIT_EXPECT(bootmem_setup(&platform) == EINVAL_RESULT);
  platform.size = ~(size_t)0;
  KIT_EXPECT(bootmem_setup(&platform) == EINVAL_RESULT);
  platform = kit_platform;
  platform.fault = NULL;
  KIT_EXPECT(bootmem_setup(&platform) == EINVAL_RESULT);
  platform = kit_platform;
  platform.cache_line_size = 48;
  KIT_EXPECT(bootmem_setup(&platform) == EINVAL_RESULT);
  platform = kit_platform;
  platform.max_order = 52;
  KIT_EXPECT(bootmem_setup(&platform) == EINVAL_RESULT);
  platform.max_order = ~0U;
  KIT_EXPECT(bootmem_setup(&platform) == EINVAL_RESULT);
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) == kit_pointer((ARENA_PFN + map_pages) << 12));

  kit_test("a set-up forgets nodes and hand-over, and keeps the pfn variables");
  free_all_bootmem();
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  KIT_EXPECT(__alloc_bootmem_nopanic(1, 0, 0) == NULL);
  KIT_EQUAL(bootmem_map_word(bootmem_node(0), 0), ~0UL);
  KIT_EQUAL(min_low_pfn, ARENA_PFN);
  KIT_EQUAL(max_low_pfn, ARENA_PFN + ARENA_PAGES);
  KIT_EXPECT(init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES) != 0);

  begin("a cache line of 0 is 64 bytes");
  kit_platform.cache_line_size = 0;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES);
  free_bootmem((ARENA_PFN + map_pages) << 12, 0x10000);
  KIT_EXPECT(alloc_bootmem(1) == kit_pointer((ARENA_PFN + map_pages) << 12));
  KIT_EXPECT(alloc_bootmem(1) == kit_pointer(((ARENA_PFN + map_pages) << 12) + 64));
}

/* ---- Nodes of the kernel's ---- */

/* As a kernel defines its own. */
struct pglist_data {
  long zones[3];
  int number;
};

static int calls_for_number;

static int BOOTMEM_CALL node_number(void *context, const pg_data_t *pgdat)
{
  (void)context;
  calls_for_number++;
  return pgdat->number;
}

static void test_nodes_of_the_kernel(void)
{
  static pg_data_t own[3] = {{.number = 0}, {.number = 5}, {.number = BOOTMEM_MAX_NODES}};
  static unsigned long map[BOOTMEM_BITMAP_BYTES(0x100) / sizeof(long)];
  unsigned long first = (ARENA_PFN + map_pages) << 12;

  begin("nodes of the kernel's own have the numbers that platform.node_number gives");
  kit_platform.node_number = node_number;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  KIT_EXPECT(init_bootmem_node(&own[0], ARENA_PFN, 0, ARENA_PFN + ARENA_PAGES) != 0);
  KIT_EXPECT(bootmem_init_node_at(&own[1], map, 0x8000, 0x8100) != 0);
  free_bootmem_node(&own[0], first, 0x100000);
  KIT_EXPECT(__alloc_bootmem_node(&own[0], 1, 0, 0) == kit_pointer(first));
  KIT_EXPECT(__alloc_bootmem_node(bootmem_node(0), 1, 0, 0) == kit_pointer(first + 64));
  KIT_EXPECT(__alloc_bootmem_node_nopanic(&own[0], 1, 0, 0) == kit_pointer(first + 128));
  KIT_EXPECT(__alloc_bootmem_low_node(&own[0], 1, 0, 0) == kit_pointer(first + 192));
  KIT_EXPECT(__alloc_bootmem_node_high(&own[0], 1, 0, 0) == kit_pointer(first + 256));
  KIT_EXPECT(___alloc_bootmem_node_nopanic(&own[0], 1, 0, 0, 0) == kit_pointer(first + 320));
  KIT_EQUAL((unsigned)reserve_bootmem_node(&own[0], first + 0x10000, 0x1000, 0), 0);
  free_bootmem_node(&own[1], 0x8000000, 0x3000);
  KIT_EQUAL(bootmem_map_word(&own[1], 0), ~7UL);
  KIT_EQUAL(bootmem_map_word(bootmem_node(5), 0), ~7UL);
  KIT_EQUAL((unsigned)calls_for_number, 11);

  kit_test("a number that no node has is misuse; NULL is, unasked");
  KIT_CATCH(__alloc_bootmem_node(&own[2], 1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EXPECT(strstr(kit_message, "is not from bootmem_node()") != NULL);
  own[2].number = -1;
  KIT_CATCH(free_bootmem_node(&own[2], 0, 0x1000));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EXPECT(strstr(kit_message, "is not from bootmem_node()") != NULL);
  KIT_EQUAL(bootmem_map_word(&own[2], 0), ~0UL);
  calls_for_number = 0;
  KIT_CATCH(free_bootmem_node(NULL, 0, 0x1000));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: free_bootmem_node(0x0, 0x1000): the node is NULL");
  KIT_EQUAL((unsigned)calls_for_number, 0);

  begin("a platform without node_number, of the size that it had then, is taken as it was");
  kit_platform.size = FIRST_SIZE;
  kit_platform.node_number = node_number;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES);
  free_bootmem(first, 0x10000);
  KIT_EXPECT(alloc_bootmem(1) == kit_pointer(first));
  KIT_CATCH(__alloc_bootmem_node(&own[0], 1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EQUAL((unsigned)calls_for_number, 0);
}

static void test_is_reserved(void)
{
  static unsigned long map[BOOTMEM_BITMAP_BYTES(0x100) / sizeof(long)];
  unsigned long pfn, wrong = 0;

  begin("bootmem_is_reserved says what each page is");
  bootmem_init_node_at(bootmem_node(1), map, 0x8003, 0x8103);
  free_bootmem(0x8005000, 0x1000);
  free_bootmem(0x8081000, 0x1000);
  for (pfn = 0; pfn < 0x9000; pfn++) {
    int expected = pfn < ARENA_PFN + map_pages ? 1 : pfn < ARENA_PFN + ARENA_PAGES ? 0
      : pfn < 0x8003 || pfn >= 0x8103 ? EINVAL_RESULT : pfn != 0x8005 && pfn != 0x8081;

    wrong += bootmem_is_reserved(pfn) != expected;
  }
  KIT_EQUAL(wrong, 0);
  KIT_EXPECT(bootmem_is_reserved(~0UL) == EINVAL_RESULT);
  free_all_bootmem();
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x8005), 1);
  KIT_EXPECT(bootmem_is_reserved(0x9000) == EINVAL_RESULT);
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  KIT_EXPECT(bootmem_is_reserved(0x8005) == EINVAL_RESULT);
}

static void test_silent_platform(void)
{
  unsigned long pages;

  begin("callbacks that are NULL are done without");
  kit_platform.write = NULL;
  kit_platform.release_pages = NULL;
  kit_platform.late_allocate = NULL;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  bootmem_debug = 1;
  init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES);
  free_bootmem((ARENA_PFN + map_pages) << 12, (ARENA_PAGES - map_pages) << 12);
  KIT_EXPECT(alloc_bootmem(1) != NULL);
  pages = free_all_bootmem();
  bootmem_debug = 0;
  KIT_EQUAL(pages, ARENA_PAGES - 1);
  KIT_EQUAL(kit_block_count, 0);
  free_bootmem(ARENA_PFN << 12, 0x1000);
  free_bootmem_late(ARENA_PFN << 12, 0x1000);
  KIT_EXPECT(__alloc_bootmem_nopanic(1, 0, 0) == NULL);
  KIT_EQUAL(strlen(kit_text), 0);
}

/* ---- Nodes ---- */

static void test_nodes(void)
{
  int nid;

  begin("nodes are numbered from 0 to BOOTMEM_MAX_NODES - 1");
  for (nid = 0; nid < BOOTMEM_MAX_NODES; nid++) {
    KIT_EXPECT(bootmem_node(nid) != NULL);
    KIT_EXPECT(nid == 0 || bootmem_node(nid) != bootmem_node(nid - 1));
    KIT_EXPECT(NODE_DATA(nid) == bootmem_node(nid));
  }
  KIT_EXPECT(bootmem_node(-1) == NULL);
  KIT_EXPECT(bootmem_node(BOOTMEM_MAX_NODES) == NULL);
  KIT_EXPECT(bootmem_node(-0x7fffffff - 1) == NULL);
  KIT_EXPECT(bootmem_node(0x7fffffff) == NULL);

  kit_test("a node that is NULL is misuse");
  KIT_CATCH(init_bootmem_node(NULL, 1, 0, 1));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: init_bootmem_node(0x1, 0x0, 0x1): the node is NULL");
  KIT_CATCH(bootmem_init_node_at(NULL, kit_text, 0, 1));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(free_bootmem_node(NULL, 0x1000, 0x2000));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: free_bootmem_node(0x1000, 0x2000): the node is NULL");
  KIT_CATCH(reserve_bootmem_node(NULL, 0x1000, 0x2000, 0));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: reserve_bootmem_node(0x1000, 0x2000): the node is NULL");
  KIT_CATCH(__alloc_bootmem_node(NULL, 1, 0, 0));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: __alloc_bootmem_node(0x1, 0x0, 0x0): the node is NULL");
  KIT_CATCH(__alloc_bootmem_node_nopanic(NULL, 1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(___alloc_bootmem_node_nopanic(NULL, 1, 0, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(__alloc_bootmem_low_node(NULL, 1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(__alloc_bootmem_node_high(NULL, 1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EQUAL(bootmem_map_word(NULL, 0), ~0UL);

  kit_test("a node that is none of the library's is misuse");
  {
    const char *first = (const char *)bootmem_node(0);
    ptrdiff_t stride = (const char *)bootmem_node(1) - first, offset;
    static const int places[] = {-1, 1, 8, 64};
    size_t index;

    for (index = 0; index < sizeof places / sizeof *places; index++) {
      KIT_CATCH(free_bootmem_node((pg_data_t *)(first + places[index]), 0x1000, 0x1000));
      KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
    }
    for (offset = BOOTMEM_MAX_NODES * stride; offset <= 70 * stride; offset += stride) {
      KIT_CATCH(__alloc_bootmem_node((pg_data_t *)(first + offset), 1, 0, 0));
      KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
      KIT_EXPECT(strstr(kit_message, "is not from bootmem_node()") != NULL);
    }
    KIT_EQUAL(bootmem_map_word((const pg_data_t *)(first + 1), 0), ~0UL);
  }

  kit_test("a node that is not registered has no memory");
  KIT_EXPECT(__alloc_bootmem_node(bootmem_node(63), 1, 0, 0) != NULL);
  KIT_CATCH(free_bootmem_node(bootmem_node(5), 0x1000, 0x1000));
  expect_fault(BOOTMEM_FAULT_MISUSE,
    "bootmem: free_bootmem_node(0x1000, 0x1000): page 0x1 lies outside node 5");
  KIT_CATCH(reserve_bootmem_node(bootmem_node(5), 0x1000, 0x1000, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
}

static void test_registration(void)
{
  unsigned long size;
  unsigned long *map = calloc(2, BOOTMEM_PAGE_SIZE);

  begin("a bitmap may lie in the caller's memory, which stays the caller's");
  size = bootmem_init_node_at(bootmem_node(1), map, 0x8000, 0x8100);
  KIT_EXPECT(size > 0 && size <= bootmem_bootmap_pages(0x100) * BOOTMEM_PAGE_SIZE);
  free_bootmem(0x8000000, 0x1000);
  KIT_EQUAL(bootmem_map_word(bootmem_node(1), 0), ~1UL);
  KIT_EQUAL(free_all_bootmem(), ARENA_PAGES + 1);
  KIT_EQUAL(kit_blocks[kit_block_count - 1].pfn, 0x8000);
  KIT_EQUAL((unsigned)kit_blocks[kit_block_count - 1].nid, 1);

  begin("a bitmap that is NULL or not aligned is misuse");
  KIT_CATCH(bootmem_init_node_at(bootmem_node(1), NULL, 0x8000, 0x8100));
  expect_fault(BOOTMEM_FAULT_MISUSE,
    "bootmem: bootmem_init_node_at(0x0, 0x8000, 0x8100): no bitmap can lie at 0x0");
  KIT_CATCH(bootmem_init_node_at(bootmem_node(1), (char *)map + 1, 0x8000, 0x8100));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EXPECT(bootmem_init_node_at(bootmem_node(1), map + 1, 0x8000, 0x8100) == size);

  kit_test("the pages of a bitmap are the kernel's to reserve, as in Linux");
  KIT_EQUAL((unsigned)bootmem_is_reserved(ARENA_PFN), 1);
  free_bootmem((unsigned long)ARENA_PFN << BOOTMEM_PAGE_SHIFT, BOOTMEM_PAGE_SIZE);
  KIT_EQUAL((unsigned)bootmem_is_reserved(ARENA_PFN), 0);

  kit_test("bitmaps that overlap are misuse");
  KIT_CATCH(init_bootmem_node(bootmem_node(2), ARENA_PFN, 0x9000, 0x9001));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: init_bootmem_node(0x1000, 0x9000, 0x9001): "
    "the bitmap at 0x1000-0x1001 overlaps that of node 0");

  kit_test("nodes and bitmaps beyond the address space are misuse");
  KIT_CATCH(init_bootmem_node(bootmem_node(2), 1, 0x9000, (unsigned long)END_PFN + 1));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(init_bootmem_node(bootmem_node(2), 1, 0x9000, ~0UL));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(init_bootmem_node(bootmem_node(2), (unsigned long)END_PFN, 0x9000, 0x9001));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(init_bootmem_node(bootmem_node(2), ~0UL, 0x9000, 0x9001));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(bootmem_init_node_at(bootmem_node(2), map, ~0UL - 1, ~0UL));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(bootmem_bootmap_pages(~0UL));
  expect_fault(BOOTMEM_FAULT_MISUSE, sizeof(long) == 4
    ? "bootmem: bootmem_bootmap_pages(0xffffffff): that reaches beyond the address space"
    : "bootmem: bootmem_bootmap_pages(0xffffffffffffffff): that reaches beyond the address space");
  KIT_EXPECT(bootmem_bootmap_pages((unsigned long)END_PFN) > END_PFN / 8 / BOOTMEM_PAGE_SIZE);

  kit_test("a refused init_bootmem leaves the pfn variables");
  KIT_CATCH(init_bootmem(0x77, 0x99));
  expect_fault(BOOTMEM_FAULT_MISUSE, "bootmem: init_bootmem(0x77, 0x99): registered already: node 0");
  KIT_EQUAL(min_low_pfn, ARENA_PFN);
  KIT_EQUAL(max_low_pfn, ARENA_PFN + ARENA_PAGES);
  free(map);
}

/* ---- Allocation ---- */

static void test_request(void)
{
  struct bootmem_request request = {.size = 0x100, .nid = -1};
  unsigned long first = (ARENA_PFN + map_pages) << 12, address = 7;

  begin("bootmem_allocate reports every error, and never faults");
  KIT_EXPECT(bootmem_allocate(NULL, &address) == EINVAL_RESULT);
  KIT_EXPECT(bootmem_allocate(&request, NULL) == EINVAL_RESULT);
  request.size = 0;
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = 1, .align = 3, .nid = -1};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = 1, .nid = -2};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = 1, .nid = BOOTMEM_MAX_NODES};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = 1, .nid = 0, .flags = 4};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = 1, .nid = -1, .flags = BOOTMEM_THIS_NODE};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = ~0UL, .nid = -1};
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  request = (struct bootmem_request){.size = 1, .nid = 1, .flags = BOOTMEM_THIS_NODE};
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  request = (struct bootmem_request){.size = 1, .limit = ARENA_PFN << 12, .nid = 0};
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  KIT_EQUAL(address, 7);

  kit_test("bootmem_allocate keeps goal, alignment, limit and node");
  request = (struct bootmem_request){.size = 1, .align = 0x8000, .goal = 0x1100000, .nid = 1};
  KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
  KIT_EQUAL(address, 0x1100000);
  request = (struct bootmem_request){.size = 1, .goal = 0x1100000, .limit = 0x1100000, .nid = -1};
  KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
  KIT_EQUAL(address, first);

  kit_test("BOOTMEM_NO_CLEAR leaves the memory as it is");
  memset(kit_pointer(0x1200000), 0x5a, 0x1000);
  request = (struct bootmem_request){
    .size = 0x1000, .goal = 0x1200000, .nid = -1, .flags = BOOTMEM_NO_CLEAR};
  KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
  KIT_EQUAL(address, 0x1200000);
  KIT_EQUAL(*(unsigned char *)kit_pointer(0x1200fff), 0x5a);
}

static void test_address_0(void)
{
  struct bootmem_request request = {.size = 1, .nid = -1, .flags = BOOTMEM_NO_CLEAR};
  unsigned long address = 7;

  begin("physical address 0 is memory like any other");
  free_bootmem(0, 0x1000);
  KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
  KIT_EQUAL(address, 0);

  kit_test("physical address 0 is NULL in an identity map, and allocated once");
  {
    static unsigned long map[1024];
    struct bootmem_platform platform = kit_platform;

    platform.direct_map_offset = 0;
    KIT_EQUAL((unsigned)bootmem_setup(&platform), 0);
    KIT_EXPECT(bootmem_init_node_at(bootmem_node(0), map, 0, 0x100) <= sizeof map);
    free_bootmem(0, 0x2000);
    KIT_EXPECT(__alloc_bootmem(0x40, 64, 0) == NULL);
    KIT_EQUAL((uintptr_t)__alloc_bootmem(0x40, 64, 0), 0x40);
    /* The short cut begins at the second. */
    free_bootmem(0, 0x1000);
    KIT_EXPECT(__alloc_bootmem(0x1000, 0x1000, 0) == NULL);
    KIT_EQUAL((uintptr_t)__alloc_bootmem(0x1000, 0x1000, 0), 0x1000);
  }
}

static void test_out_of_memory(void)
{
  begin("out of memory is a fault that names call and size, nopanic returns NULL");
  KIT_CATCH(__alloc_bootmem(0x40000000, 0, 0x1000000));
  expect_fault(BOOTMEM_FAULT_OUT_OF_MEMORY, "bootmem: __alloc_bootmem(0x40000000, 0x0, 0x1000000): "
    "out of memory: no free range for 0x40000000 bytes");
  KIT_CATCH(__alloc_bootmem_low(0x40000000, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_CATCH(__alloc_bootmem_node(bootmem_node(0), 0x40000000, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_CATCH(__alloc_bootmem_low_node(bootmem_node(0), 0x40000000, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_CATCH(__alloc_bootmem_node_high(bootmem_node(0), 0x40000000, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_EXPECT(__alloc_bootmem_nopanic(0x40000000, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem_low_nopanic(0x40000000, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem_node_nopanic(bootmem_node(0), 0x40000000, 0, 0) == NULL);
  KIT_EXPECT(___alloc_bootmem_node_nopanic(bootmem_node(0), 0x40000000, 0, 0, 0) == NULL);
}

/* ---- Faults ---- */

static unsigned returned_faults;

static void BOOTMEM_CALL fault_that_returns(void *context, int code, const char *message)
{
  (void)context;
  (void)code;
  (void)message;
  returned_faults++;
}

static void test_fault_returns(void)
{
  begin("a fault that returns makes the call do nothing");
  kit_platform.fault = fault_that_returns;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES);
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem(1, 3, 0) == NULL);
  KIT_EXPECT(__alloc_bootmem_node(NULL, 1, 0, 0) == NULL);
  KIT_EXPECT(reserve_bootmem(~0UL, 2, 0) == EINVAL_RESULT);
  KIT_EXPECT(reserve_bootmem_node(NULL, 1, 2, 0) == EINVAL_RESULT);
  KIT_EXPECT(init_bootmem(1, 2) == 0);
  KIT_EXPECT(bootmem_bootmap_pages(~0UL) == 0);
  free_bootmem(~0UL, 2);
  free_bootmem_late(0, 0x1000);
  KIT_EQUAL(returned_faults, 9);
  KIT_EQUAL(free_all_bootmem(), map_pages);
}

static void test_longjmp(void)
{
  unsigned long before, count = 0;
  unsigned index;

  begin("a fault that leaves by longjmp finds the library usable");
  before = bootmem_map_word(bootmem_node(0), ARENA_PFN / WORD_BITS);
  for (index = 0; index < 1000; index++) {
    KIT_CATCH(free_bootmem((ARENA_PFN + map_pages) << 12, 0x3000));
    count += kit_fault == BOOTMEM_FAULT_MISUSE;
    KIT_CATCH(__alloc_bootmem(~0UL, 0, 0));
    count += kit_fault == BOOTMEM_FAULT_OUT_OF_MEMORY;
    KIT_CATCH(init_bootmem(1, 0x100));
    count += kit_fault == BOOTMEM_FAULT_MISUSE;
    KIT_CATCH(reserve_bootmem(~0UL, 1, 0));
    count += kit_fault == BOOTMEM_FAULT_MISUSE;
  }
  KIT_EQUAL(count, 4000);
  KIT_EQUAL(bootmem_map_word(bootmem_node(0), ARENA_PFN / WORD_BITS), before);
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) == kit_pointer((ARENA_PFN + map_pages) << 12));
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) == kit_pointer(((ARENA_PFN + map_pages) << 12) + 64));
  KIT_EQUAL(free_all_bootmem(), ARENA_PAGES - 1);
}

/* ---- After the hand-over ---- */

static unsigned char late_memory[0x1000];
static size_t late_size, late_align;
static int late_nid;

static void *BOOTMEM_CALL late_allocate(void *context, size_t size, size_t align, int nid)
{
  (void)context;
  late_size = size;
  late_align = align;
  late_nid = nid;
  return size <= sizeof late_memory ? late_memory : NULL;
}

static void test_after_hand_over(void)
{
  struct bootmem_request request = {.size = 1, .nid = -1};
  unsigned long address = 7;
  size_t blocks;

  begin("after the hand-over nothing is done twice");
  KIT_EQUAL(free_all_bootmem(), ARENA_PAGES);
  blocks = kit_block_count;
  KIT_EQUAL(free_all_bootmem(), 0);
  KIT_EQUAL(kit_block_count, blocks);
  free_bootmem(ARENA_PFN << 12, 0x1000);
  KIT_SAYS(kit_text, "bootmem: free_bootmem(0x1000000, 0x1000): "
    "boot memory has been handed over to the page allocator\n");
  free_bootmem(~0UL, ~0UL);
  free_bootmem_node(bootmem_node(0), ARENA_PFN << 12, 0x1000);
  KIT_EQUAL(bootmem_map_word(bootmem_node(0), 0), ~0UL);
  KIT_CATCH(init_bootmem_node(bootmem_node(1), 1, 0x8000, 0x8001));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);

  kit_test("after the hand-over allocations fail where there is no late_allocate");
  KIT_CATCH(__alloc_bootmem(1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_EXPECT(__alloc_bootmem_nopanic(1, 0, 0) == NULL);
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  KIT_CATCH(__alloc_bootmem_nopanic(0, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);

  kit_test("free_bootmem_late releases whole pages, as those of their node");
  kit_block_count = 0;
  free_bootmem_late(0x1800, 0x2800);
  KIT_EQUAL(kit_block_count, 2);
  KIT_EQUAL(kit_blocks[0].pfn, 2);
  KIT_EQUAL(kit_blocks[1].pfn, 3);
  KIT_EQUAL(kit_blocks[1].order, 0);
  free_bootmem_late(0x1800, 0x7ff);
  KIT_EQUAL(kit_block_count, 2);
  KIT_CATCH(free_bootmem_late(~0UL, 2));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);

  begin("free_bootmem_late before the hand-over is misuse");
  KIT_CATCH(free_bootmem_late(0x1000, 0x1000));
  expect_fault(BOOTMEM_FAULT_MISUSE,
    "bootmem: free_bootmem_late(0x1000, 0x1000): boot memory has not been handed over yet");
}

static void test_late_allocate(void)
{
  struct bootmem_request request = {.size = 8, .align = 16, .nid = 3};
  unsigned long address = 7;

  begin("after the hand-over late_allocate serves every allocation");
  kit_platform.late_allocate = late_allocate;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  init_bootmem(ARENA_PFN, ARENA_PFN + ARENA_PAGES);
  free_bootmem(ARENA_PFN << 12, ARENA_PAGES << 12);
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) != late_memory);
  free_all_bootmem();
  KIT_EXPECT(__alloc_bootmem(0x123, 0, 0) == late_memory);
  KIT_EQUAL(late_size, 0x123);
  KIT_EQUAL(late_align, 64);
  KIT_EXPECT(late_nid == -1);
  KIT_EXPECT(__alloc_bootmem_low_nopanic(1, 32, 0) == late_memory);
  KIT_EQUAL(late_align, 32);
  KIT_EXPECT(__alloc_bootmem_node(bootmem_node(7), 1, 0, 0) == late_memory);
  KIT_EXPECT(late_nid == 7);
  KIT_CATCH(__alloc_bootmem(0x2000, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  KIT_EXPECT(__alloc_bootmem_nopanic(0x2000, 0, 0) == NULL);
  KIT_CATCH(__alloc_bootmem(1, 3, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
  KIT_EQUAL(address, kit_address(late_memory));
  KIT_EXPECT(late_nid == 3 && late_align == 16);
  request.limit = 0x1000;
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  request = (struct bootmem_request){.size = 8, .nid = 3, .flags = BOOTMEM_THIS_NODE};
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);
  request = (struct bootmem_request){.size = 0, .nid = 3};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  request = (struct bootmem_request){.size = 8, .align = 3, .nid = 3};
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);

  kit_test("without a cache_line_size late_allocate is asked for 64 bytes' alignment");
  kit_platform.cache_line_size = 0;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  free_all_bootmem();
  KIT_EXPECT(__alloc_bootmem(1, 0, 0) == late_memory);
  KIT_EQUAL(late_align, 64);
}

int main(void)
{
  test_before_setup();
  test_platform();
  test_nodes_of_the_kernel();
  test_is_reserved();
  test_silent_platform();
  test_nodes();
  test_registration();
  test_request();
  test_address_0();
  test_out_of_memory();
  test_fault_returns();
  test_longjmp();
  test_after_hand_over();
  test_late_allocate();
  return kit_finish();
}
