/* SPDX-License-Identifier: MIT */
/* memblock's names, each as the header falls back on bootmem for it: where the memory lies, what
 * happens when there is none, which limit holds, and that it is zeroed. */
#include "kit.h"

#include <string.h>

enum { ARENA_PFN = 0, ARENA_PAGES = 0x2000, TOO_MUCH = 0x40000000 };

/* A machine of two nodes, of 16 MiB each, all of it in the arena; the first page of each has its
 * bitmap, and the rest is free and full of a pattern. */
static void begin(const char *name)
{
  int nid;

  kit_test(name);
  kit_setup(ARENA_PFN, ARENA_PAGES);
  memset(kit_pointer(0), 0xa5, (size_t)ARENA_PAGES * BOOTMEM_PAGE_SIZE);
  for (nid = 0; nid < 2; nid++) {
    unsigned long start = (unsigned long)nid * 0x1000;

    KIT_EXPECT(init_bootmem_node(NODE_DATA(nid), start, start, start + 0x1000) != 0);
    free_bootmem_node(NODE_DATA(nid), (start + 1) << 12, 0xfff000);
  }
}

#define EXPECT_AT(call, address)               \
  do {                                         \
    const void *memory = (call);               \
    KIT_EXPECT(memory != NULL);                \
    KIT_EQUAL(kit_address(memory), (address)); \
  } while (0)

static void test_places(void)
{
  begin("memblock's names have Linux's goals, alignments and nodes");
  EXPECT_AT(memblock_virt_alloc(1, 0), 0x1001000);
  EXPECT_AT(memblock_virt_alloc_raw(1, 16), 0x1001010);
  EXPECT_AT(memblock_virt_alloc_nopanic(1, 0), 0x1001040);
  EXPECT_AT(memblock_virt_alloc_low(1, 0), 0x1000);
  EXPECT_AT(memblock_virt_alloc_low_nopanic(1, 0), 0x1040);
  EXPECT_AT(memblock_virt_alloc_from_nopanic(1, 0, 0x1800000), 0x1800000);
  EXPECT_AT(memblock_virt_alloc_node(1, 0), 0x1080);
  EXPECT_AT(memblock_virt_alloc_node(1, NUMA_NO_NODE), 0x1800040);
  EXPECT_AT(memblock_virt_alloc_node_nopanic(1, 0), 0x10c0);
  EXPECT_AT(memblock_virt_alloc_node_nopanic(1, NUMA_NO_NODE), 0x1800080);
  EXPECT_AT(memblock_virt_alloc_try_nid(1, 16, 0, BOOTMEM_ALLOC_ACCESSIBLE, 0), 0x10d0);
  EXPECT_AT(memblock_virt_alloc_try_nid(1, 16, 0, BOOTMEM_ALLOC_ANYWHERE, NUMA_NO_NODE), 0x10e0);
  EXPECT_AT(memblock_virt_alloc_try_nid_raw(1, 16, 0, 0, 0), 0x10f0);
  EXPECT_AT(memblock_virt_alloc_try_nid_nopanic(1, 16, 0, 0, 0), 0x1100);

  begin("any node is any node: a goal on the second holds");
  EXPECT_AT(memblock_virt_alloc_try_nid(1, 16, 0x1200000, 0, NUMA_NO_NODE), 0x1200000);
  EXPECT_AT(memblock_virt_alloc_try_nid_raw(1, 16, 0x1300000, 0, NUMA_NO_NODE), 0x1300000);
  EXPECT_AT(memblock_virt_alloc_try_nid_nopanic(1, 16, 0x1400000, BOOTMEM_ALLOC_ANYWHERE,
    NUMA_NO_NODE), 0x1400000);
  EXPECT_AT(memblock_virt_alloc_try_nid_raw(1, 16, 0x1300000, 0x1800000, NUMA_NO_NODE), 0x1000);
  EXPECT_AT(memblock_virt_alloc_try_nid_raw(1, 16, 0x1300000, 0x1800000, 1), 0x1400010);
}

static void test_failure(void)
{
  begin("memblock's names without nopanic and raw fault when there is no memory");
#define EXPECT_FAULT(call)                                           \
  do {                                                               \
    KIT_CATCH(call);                                                 \
    KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);     \
  } while (0)
  EXPECT_FAULT(memblock_virt_alloc(TOO_MUCH, 0));
  EXPECT_FAULT(memblock_virt_alloc_low(TOO_MUCH, 0));
  EXPECT_FAULT(memblock_virt_alloc_node(TOO_MUCH, 1));
  EXPECT_FAULT(memblock_virt_alloc_node(TOO_MUCH, NUMA_NO_NODE));
  EXPECT_FAULT(memblock_virt_alloc_try_nid(TOO_MUCH, 0, 0, 0, 1));
  EXPECT_FAULT(memblock_virt_alloc_try_nid(TOO_MUCH, 0, 0, 0, NUMA_NO_NODE));

  kit_test("memblock's names with nopanic or raw return NULL when there is no memory");
#define EXPECT_NULL(call)                                            \
  do {                                                               \
    KIT_CATCH(KIT_EXPECT((call) == NULL));                           \
    KIT_EQUAL((unsigned)kit_fault, 0);                               \
  } while (0)
  EXPECT_NULL(memblock_virt_alloc_raw(TOO_MUCH, 0));
  EXPECT_NULL(memblock_virt_alloc_nopanic(TOO_MUCH, 0));
  EXPECT_NULL(memblock_virt_alloc_low_nopanic(TOO_MUCH, 0));
  EXPECT_NULL(memblock_virt_alloc_from_nopanic(TOO_MUCH, 0, 0x1000));
  EXPECT_NULL(memblock_virt_alloc_node_nopanic(TOO_MUCH, 1));
  EXPECT_NULL(memblock_virt_alloc_node_nopanic(TOO_MUCH, NUMA_NO_NODE));
  EXPECT_NULL(memblock_virt_alloc_try_nid_raw(TOO_MUCH, 0, 0, 0, 1));
  EXPECT_NULL(memblock_virt_alloc_try_nid_raw(TOO_MUCH, 0, 0, 0, NUMA_NO_NODE));
  EXPECT_NULL(memblock_virt_alloc_try_nid_raw(TOO_MUCH, 0, 0, 0x2000000, NUMA_NO_NODE));
  EXPECT_NULL(memblock_virt_alloc_try_nid_nopanic(TOO_MUCH, 0, 0, 0, 1));
  EXPECT_NULL(memblock_virt_alloc_try_nid_nopanic(TOO_MUCH, 0, 0, 0, NUMA_NO_NODE));

  kit_test("a node that does not exist is misuse to each of memblock's names");
#define EXPECT_MISUSE(call)                                          \
  do {                                                               \
    KIT_CATCH(call);                                                 \
    KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);            \
  } while (0)
  EXPECT_MISUSE(memblock_virt_alloc_node(1, -2));
  EXPECT_MISUSE(memblock_virt_alloc_node_nopanic(1, BOOTMEM_MAX_NODES));
  EXPECT_MISUSE(memblock_virt_alloc_try_nid(1, 0, 0, 0, BOOTMEM_MAX_NODES));
  EXPECT_MISUSE(memblock_virt_alloc_try_nid_raw(1, 0, 0, 0, BOOTMEM_MAX_NODES));
  EXPECT_MISUSE(memblock_virt_alloc_try_nid_nopanic(1, 0, 0, 0, -2));
  EXPECT_MISUSE(memblock_free_early_nid(0x1000, 0x1000, BOOTMEM_MAX_NODES));
  EXPECT_MISUSE(memblock_virt_alloc_raw(0, 0));
  EXPECT_MISUSE(memblock_virt_alloc_try_nid_raw(1, 3, 0, 0, 0));
}

static void test_limits(void)
{
  begin("max_addr is a limit for try_nid_raw and try_nid_nopanic, and for no other");
  EXPECT_NULL(memblock_virt_alloc_try_nid_raw(0x2000, 16, 0, 0x2000, 0));
  EXPECT_NULL(memblock_virt_alloc_try_nid_raw(0x2000, 16, 0, 0x2000, 1));
  EXPECT_NULL(memblock_virt_alloc_try_nid_raw(0x2000, 16, 0, 0x2000, NUMA_NO_NODE));
  EXPECT_NULL(memblock_virt_alloc_try_nid_nopanic(0x2000, 16, 0, 0x2000, 0));
  EXPECT_NULL(memblock_virt_alloc_try_nid_nopanic(0x2000, 16, 0, 0x2000, NUMA_NO_NODE));
  EXPECT_AT(memblock_virt_alloc_try_nid_raw(0x1000, 16, 0x1800000, 0x2000, 1), 0x1000);
  EXPECT_AT(memblock_virt_alloc_try_nid_raw(0x1000, 16, 0, BOOTMEM_ALLOC_ANYWHERE, 0), 0x2000);
  EXPECT_AT(memblock_virt_alloc_try_nid_nopanic(0x1000, 16, 0x1800000, 0x4000, NUMA_NO_NODE),
    0x3000);
  EXPECT_AT(memblock_virt_alloc_try_nid(0x1000, 16, 0, 0x2000, 0), 0x4000);
  EXPECT_AT(memblock_virt_alloc_try_nid(0x1000, 16, 0x1800000, 0x2000, NUMA_NO_NODE), 0x1800000);

  begin("the low variants of memblock's stay below low_address_limit");
  kit_platform.low_address_limit = 0x1fff;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  init_bootmem(0, 0x1000);
  free_bootmem(0x1000, 0xfff000);
  EXPECT_NULL(memblock_virt_alloc_low_nopanic(0x1000, 16));
  EXPECT_FAULT(memblock_virt_alloc_low(0x1000, 16));
  EXPECT_AT(memblock_virt_alloc(0x1000, 16), 0x1000);
}

static void expect_zeroed(const unsigned char *memory, const char *call)
{
  size_t index, count = 0;

  KIT_EXPECT(memory != NULL);
  if (memory == NULL) return;
  for (index = 0; index < 0x1800; index++) count += memory[index] != 0;
  kit_expect(count == 0, call, __FILE__, __LINE__);
}

static void test_clearing(void)
{
  begin("memory by memblock's names is zeroed");
#define EXPECT_ZEROED(call) expect_zeroed((call), #call)
  EXPECT_ZEROED(memblock_virt_alloc(0x1800, 0));
  EXPECT_ZEROED(memblock_virt_alloc_raw(0x1800, 0));
  EXPECT_ZEROED(memblock_virt_alloc_nopanic(0x1800, 0));
  EXPECT_ZEROED(memblock_virt_alloc_low(0x1800, 0));
  EXPECT_ZEROED(memblock_virt_alloc_low_nopanic(0x1800, 0));
  EXPECT_ZEROED(memblock_virt_alloc_from_nopanic(0x1800, 0, 0x1800000));
  EXPECT_ZEROED(memblock_virt_alloc_node(0x1800, 1));
  EXPECT_ZEROED(memblock_virt_alloc_node(0x1800, NUMA_NO_NODE));
  EXPECT_ZEROED(memblock_virt_alloc_node_nopanic(0x1800, 1));
  EXPECT_ZEROED(memblock_virt_alloc_node_nopanic(0x1800, NUMA_NO_NODE));
  EXPECT_ZEROED(memblock_virt_alloc_try_nid(0x1800, 0, 0, 0, 1));
  EXPECT_ZEROED(memblock_virt_alloc_try_nid_raw(0x1800, 0, 0, 0, 1));
  EXPECT_ZEROED(memblock_virt_alloc_try_nid_nopanic(0x1800, 0, 0, 0, 1));
}

static void test_frees(void)
{
  begin("memblock's frees are those of bootmem");
  EXPECT_AT(memblock_virt_alloc_from_nopanic(0x3000, 0, 0x1001000), 0x1001000);
  memblock_free_early(0x1001000, 0x1000);
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x1001), 0);
  memblock_free_early_nid(0x1002000, 0x1000, 1);
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x1002), 0);
  memblock_free_early_nid(0x1003000, 0x1000, NUMA_NO_NODE);
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x1003), 0);
  EXPECT_MISUSE(memblock_free_early_nid(0x1003000, 0x1000, 1));
  EXPECT_MISUSE(memblock_free_late(0x1000, 0x1000));
  free_all_bootmem();
  kit_block_count = 0;
  memblock_free_late(0x1000, 0x1000);
  KIT_EQUAL(kit_block_count, 1);
  KIT_EQUAL(kit_blocks[0].pfn, 1);
}

int main(void)
{
  test_places();
  test_failure();
  test_limits();
  test_clearing();
  test_frees();
  return kit_finish();
}
