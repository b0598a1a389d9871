/* SPDX-License-Identifier: MIT */
/* bootmem_set_mapped_end(): while memory above it is not mapped, and here an access to it ends the
 * program, every allocation stays below. */
#define _DEFAULT_SOURCE /* mprotect() */
#include "kit.h"

#include <string.h>
#include <sys/mman.h>

#define MIB (1UL << 20)

enum { ARENA_PAGES = 0x2000 };

/* A machine of two nodes of 16 MiB, the bitmaps in pages 1 and 2, and all but pages 0 to 2 free. */
static void begin(const char *name)
{
  kit_test(name);
  kit_setup(0, ARENA_PAGES);
  mprotect(kit_pointer(0), 32 * MIB, PROT_READ | PROT_WRITE);
  kit_platform.clear = NULL; /* the library's own, which writes */
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
}

/* From here on memory is only in the books. */
static void map_up_to(unsigned long end)
{
  mprotect(kit_pointer(0), end, PROT_READ | PROT_WRITE);
  mprotect(kit_pointer(end), 32 * MIB - end, PROT_NONE);
}

static void register_nodes(void)
{
  KIT_EXPECT(init_bootmem_node(bootmem_node(0), 1, 0, 0x1000) != 0);
  KIT_EXPECT(init_bootmem_node(bootmem_node(1), 2, 0x1000, 0x2000) != 0);
  free_bootmem(3 * BOOTMEM_PAGE_SIZE, 32 * MIB - 3 * BOOTMEM_PAGE_SIZE);
}

#define EXPECT_BELOW(call, end)                    \
  do {                                             \
    const void *memory = (call);                   \
    KIT_EXPECT(memory != NULL);                    \
    KIT_EXPECT(kit_address(memory) < (end));       \
  } while (0)

static void test_every_call(void)
{
  struct bootmem_request request = {.size = 64, .goal = 20 * MIB, .nid = -1};
  unsigned long address, debug;

  begin("every allocation stays below what is mapped");
  map_up_to(4 * MIB);
  bootmem_set_mapped_end(4 * MIB);
  register_nodes();
  for (debug = 0; debug <= 2; debug++) {
    bootmem_debug = debug == 1; /* on and off again */
    EXPECT_BELOW(alloc_bootmem(64), 4 * MIB);
    EXPECT_BELOW(alloc_bootmem_pages(5 * BOOTMEM_PAGE_SIZE), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem(64, 0, 20 * MIB), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_nopanic(64, 0, 20 * MIB), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_low(64, 0, 20 * MIB), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_low_nopanic(64, 0, 20 * MIB), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_node(bootmem_node(1), 64, 0, 20 * MIB), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_node_nopanic(bootmem_node(1), 64, 0, 0), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_low_node(bootmem_node(1), 64, 0, 0), 4 * MIB);
    EXPECT_BELOW(__alloc_bootmem_node_high(bootmem_node(1), 64, 0, 0), 4 * MIB);
    EXPECT_BELOW(___alloc_bootmem_node_nopanic(bootmem_node(1), 64, 0, 0, 24 * MIB), 4 * MIB);
    EXPECT_BELOW(memblock_virt_alloc_raw(64, 0), 4 * MIB);
    request.flags = debug == 1 ? BOOTMEM_NO_CLEAR : 0;
    KIT_EQUAL((unsigned)bootmem_allocate(&request, &address), 0);
    KIT_EXPECT(address < 4 * MIB);
  }
  request = (struct bootmem_request){.size = 64, .nid = 1, .flags = BOOTMEM_THIS_NODE};
  KIT_EXPECT(bootmem_allocate(&request, &address) == ENOMEM_RESULT);

  kit_test("a limit below what is mapped holds, and so does the lower of both");
  KIT_EXPECT(___alloc_bootmem_node_nopanic(bootmem_node(0), 0x8000, 0, 0, 0x8000) == NULL);
  EXPECT_BELOW(___alloc_bootmem_node_nopanic(bootmem_node(0), 0x8000, 0, 0, 2 * MIB), 2 * MIB);
  bootmem_set_mapped_end(MIB);
  EXPECT_BELOW(___alloc_bootmem_node_nopanic(bootmem_node(0), 0x8000, 0, 0, 2 * MIB), MIB);

  kit_test("more memory than is mapped is out of memory, as ever");
  KIT_EXPECT(__alloc_bootmem_nopanic(MIB, 0, 0) == NULL);
  KIT_CATCH(__alloc_bootmem(MIB, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_OUT_OF_MEMORY);
  bootmem_set_mapped_end(1);
  KIT_EXPECT(__alloc_bootmem_nopanic(1, 1, 0) == NULL);
}

static void test_raising(void)
{
  unsigned long reserved;

  begin("the mapped end is raised, and nothing is forgotten");
  map_up_to(4 * MIB);
  bootmem_set_mapped_end(4 * MIB);
  register_nodes();
  EXPECT_BELOW(alloc_bootmem_pages(3 * MIB), 4 * MIB);
  KIT_EXPECT(__alloc_bootmem_nopanic(2 * MIB, 0, 0) == NULL);
  map_up_to(8 * MIB);
  bootmem_set_mapped_end(8 * MIB);
  EXPECT_BELOW(alloc_bootmem_pages(2 * MIB), 8 * MIB);
  map_up_to(32 * MIB);
  bootmem_set_mapped_end(0);
  KIT_EQUAL(kit_address(alloc_bootmem_pages(1)), 16 * MIB);
  KIT_EQUAL(kit_address(alloc_bootmem(64)), 16 * MIB + 64);

  kit_test("frees, reserves and the hand-over need no mapped memory");
  map_up_to(4 * MIB);
  bootmem_set_mapped_end(4 * MIB);
  KIT_EQUAL((unsigned)reserve_bootmem(20 * MIB, MIB, BOOTMEM_EXCLUSIVE), 0);
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x1400), 1);
  free_bootmem(20 * MIB, MIB);
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x1400), 0);
  reserved = 3 + 5 * 256 + 1;
  KIT_EQUAL(free_all_bootmem(), ARENA_PAGES - reserved + 2);

  begin("a set-up forgets the mapped end; before one it is ignored");
  bootmem_set_mapped_end(4 * MIB);
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  register_nodes();
  KIT_EQUAL(kit_address(alloc_bootmem_pages(1)), 16 * MIB);
}

/* As the guide to kernels in the higher half has it. */
static void test_direct_map(void)
{
  unsigned long mapped = 4 * MIB, tables = 0;

  begin("a kernel maps all of its memory with tables from what is mapped already");
  map_up_to(mapped);
  bootmem_set_mapped_end(mapped);
  register_nodes();
  while (mapped < 32 * MIB) {
    unsigned long *table = alloc_bootmem_pages(BOOTMEM_PAGE_SIZE);

    KIT_EXPECT(kit_address(table) < mapped);
    table[0] = tables++;
    mapped += 4 * MIB;
    map_up_to(mapped);
    bootmem_set_mapped_end(mapped);
  }
  bootmem_set_mapped_end(0);
  KIT_EQUAL(tables, 7);
  KIT_EXPECT(kit_address(alloc_bootmem_pages(12 * MIB)) > 16 * MIB);
}

int main(void)
{
  bootmem_set_mapped_end(MIB);
  test_direct_map();
  test_every_call();
  test_raising();
  return kit_finish();
}
