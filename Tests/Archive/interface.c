/* SPDX-License-Identifier: MIT */
/* Every name of the interface that the other tests do not call: the macros, the variables; and what
 * a kernel sees of each call: zeroed memory, blocks, lines of debugging output, a small stack of
 * any alignment. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kit.h"

#include <string.h>
#include <sys/mman.h>

enum { ARENA_PFN = 0, ARENA_PAGES = 0x2000 };

/* A machine of two nodes, of 16 MiB each, all of it in the arena; the first page of each has its
 * bitmap, and the rest is free. */
static void begin(const char *name)
{
  int nid;

  kit_test(name);
  kit_setup(ARENA_PFN, ARENA_PAGES);
  for (nid = 0; nid < 2; nid++) {
    unsigned long start = (unsigned long)nid * 0x1000;

    KIT_EXPECT(bootmem_bootmap_pages(0x1000) == 1);
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

static void test_macros(void)
{
  begin("the macros have Linux's goals and alignments");
  KIT_EQUAL(bootmem_default_goal, 0x1000000);
  EXPECT_AT(alloc_bootmem(1), 0x1001000);
  EXPECT_AT(alloc_bootmem_align(1, 16), 0x1001010);
  EXPECT_AT(alloc_bootmem_nopanic(1), 0x1001040);
  EXPECT_AT(alloc_bootmem_pages(1), 0x1002000);
  EXPECT_AT(alloc_bootmem_pages_nopanic(1), 0x1003000);
  EXPECT_AT(alloc_bootmem_node(NODE_DATA(1), 1), 0x1003040);
  EXPECT_AT(alloc_bootmem_node_nopanic(NODE_DATA(1), 1), 0x1003080);
  EXPECT_AT(alloc_bootmem_pages_node(NODE_DATA(1), 1), 0x1004000);
  EXPECT_AT(alloc_bootmem_pages_node_nopanic(NODE_DATA(1), 1), 0x1005000);
  EXPECT_AT(alloc_bootmem_low(1), 0x1000);
  EXPECT_AT(alloc_bootmem_low_pages(1), 0x2000);
  EXPECT_AT(alloc_bootmem_low_pages_nopanic(1), 0x3000);
  EXPECT_AT(alloc_bootmem_low_pages_node(NODE_DATA(1), 1), 0x1006000);
  /* A goal that the node does not have counts as none. */
  EXPECT_AT(alloc_bootmem_node(NODE_DATA(0), 1), 0x3040);
}

static void test_variables(void)
{
  begin("the pfn variables are the kernel's");
  max_pfn = 5;
  max_possible_pfn = 6;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  KIT_EXPECT(init_bootmem(2, 0x100) != 0);
  KIT_EQUAL(min_low_pfn, 2);
  KIT_EQUAL(max_low_pfn, 0x100);
  KIT_EQUAL(max_pfn, 5);
  KIT_EQUAL(max_possible_pfn, 6);
}

/* Whether all of `size` bytes have this value. */
static bool is_filled(const unsigned char *bytes, unsigned char value, size_t size)
{
  size_t index;

  for (index = 0; index < size; index++)
    if (bytes[index] != value) return false;
  return true;
}

static void test_clearing(void)
{
  static const unsigned long sizes[] = {1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 255, 256, 257, 511, 4095,
    4096, 4097, 0x10001, 0x200000};
  unsigned long cleared = 0;
  unsigned align;
  size_t index;

  begin("exactly the bytes that were asked for are zeroed");
  kit_platform.clear = NULL;
  KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
  init_bootmem(0, ARENA_PAGES);
  memset(kit_pointer(0x100000), 0xa5, 0x1f00000);
  free_bootmem(0x100000, 0x1f00000);
  for (index = 0; index < sizeof sizes / sizeof *sizes; index++)
    for (align = 1; align <= 16; align *= 2) {
      unsigned char *memory;

      /* An allocation before it, lest it start at a page. */
      __alloc_bootmem(1, 1, 0);
      memory = __alloc_bootmem(sizes[index], align, 0);
      KIT_EXPECT(is_filled(memory, 0, sizes[index]));
      KIT_EQUAL(memory[sizes[index]], 0xa5);
      cleared += 1 + sizes[index];
    }
  /* And nothing before, nor anywhere else. */
  for (index = 0x100000; index < 0x2000000; index++)
    cleared -= *(unsigned char *)kit_pointer(index) == 0;
  KIT_EQUAL(cleared, 0);
}

static void test_blocks(void)
{
  static const unsigned long expected[][3] = {{0x21, 0, 0}, {0x22, 1, 0}, {0x24, 2, 0},
    {0x28, 3, 0}, {0x30, 4, 0}, {0x40, 5, 0}, {0x60, 4, 0}, {0x70, 2, 0}, {0x74, 0, 0},
    {0, 0, 0}, {0x1000, 0, 1}};
  unsigned order;
  size_t index;

  begin("the hand-over releases maximal blocks, ascending, the bitmap's pages last");
  reserve_bootmem(0, 0x21000, BOOTMEM_DEFAULT);
  reserve_bootmem(0x75000, 0x1f8b000, BOOTMEM_DEFAULT);
  KIT_EQUAL(free_all_bootmem(), 0x75 - 0x21 + 2);
  KIT_EQUAL(kit_block_count, sizeof expected / sizeof *expected);
  for (index = 0; index < kit_block_count; index++) {
    KIT_EQUAL(kit_blocks[index].pfn, expected[index][0]);
    KIT_EQUAL(kit_blocks[index].order, expected[index][1]);
    KIT_EQUAL((unsigned)kit_blocks[index].nid, expected[index][2]);
  }

  for (order = 0; order <= 13; order++) {
    begin("no block is larger than max_order");
    kit_platform.max_order = order;
    KIT_EQUAL((unsigned)bootmem_setup(&kit_platform), 0);
    init_bootmem(0, 0x2000);
    free_bootmem(0x1000000, 0x1000000);
    KIT_EQUAL(free_all_bootmem(), 0x1001);
    KIT_EQUAL(kit_block_count, order > 12 ? 2 : (0x1000 >> order) + 1);
    KIT_EQUAL(kit_blocks[0].order, order > 12 ? 12 : order);
  }
}

static void test_debug(void)
{
  size_t length;

  begin("bootmem_debug writes a line for every operation, while it is on");
  KIT_EQUAL(strlen(kit_text), 0);
  bootmem_debug = 1;
  reserve_bootmem(0x2000, 0x1000, BOOTMEM_DEFAULT);
  KIT_EXPECT(strstr(kit_text, "bootmem::mark_bootmem_node nid=0 start=2 end=3 reserve=1 flags=0\n"
    "bootmem::__reserve nid=0 start=2 end=3 flags=0\n") != NULL);
  free_bootmem(0x2000, 0x1000);
  KIT_EXPECT(strstr(kit_text, "bootmem::mark_bootmem_node nid=0 start=2 end=3 reserve=0 flags=0\n"
    "bootmem::__free nid=0 start=2 end=3\n") != NULL);
  alloc_bootmem(0x1800);
  KIT_EXPECT(strstr(kit_text, "bootmem::alloc_bootmem_bdata nid=1 size=1800 [2 pages] align=40 "
    "goal=1000000 limit=0\n") != NULL);
  bootmem_debug = 0;
  length = strlen(kit_text);
  alloc_bootmem(1);
  reserve_bootmem(0x2000, 0x1000, BOOTMEM_DEFAULT);
  KIT_EQUAL(strlen(kit_text), length);
  bootmem_debug = 2;
  free_all_bootmem();
  KIT_EXPECT(strstr(kit_text + length, "bootmem::free_all_bootmem_core nid=0") != NULL);
  bootmem_debug = 0;
}

/* ---- The stack ---- */

/* A large node besides, of 16 TiB or 2 GiB, so that its bitmap has many levels. */
#define LARGE_START (WORD_BITS == 64 ? (unsigned long)(END_PFN / 16) : 0x40000UL)
#define LARGE_PAGES (WORD_BITS == 64 ? (unsigned long)(END_PFN >> 20) : 0x80000UL)

enum { STACK_SIZE = 0x10000, STACK_FILL = 0xcc };

static unsigned char *stack;

/* Calls `body` on the stack of this test, `offset` bytes off its top. */
static void call_on_stack(void (*body)(void), unsigned offset)
{
  unsigned char *top = stack + STACK_SIZE - offset;

#if defined(__x86_64__)
  __asm__ volatile("movq %%rsp, %%rbx; movq %0, %%rsp; call *%1; movq %%rbx, %%rsp"
    : "+r"(top), "+r"(body) : : "rbx", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
    "memory", "cc");
#else
  __asm__ volatile("movl %%esp, %%ebx; movl %0, %%esp; call *%1; movl %%ebx, %%esp"
    : "+S"(top), "+D"(body) : : "ebx", "eax", "ecx", "edx", "memory", "cc");
#endif
}

/* Callbacks of the kernel's own need stack too; these need next to none. */
static unsigned stack_faults;

static void BOOTMEM_CALL count_fault(void *context, int code, const char *message)
{
  (void)context;
  (void)code;
  (void)message;
  stack_faults++;
}

static void BOOTMEM_CALL ignore_text(void *context, const char *text, size_t length)
{
  (void)context;
  (void)text;
  (void)length;
}

static void BOOTMEM_CALL ignore_memory(void *context, void *start, size_t length)
{
  (void)context;
  (void)start;
  (void)length;
}

static void BOOTMEM_CALL ignore_block(void *context, unsigned long pfn, unsigned order, int nid)
{
  (void)context;
  (void)pfn;
  (void)order;
  (void)nid;
}

static void use_everything(void)
{
  static const unsigned long sizes[] = {1, 0x1000, 0x9000, 0x80000, 0x200000};
  struct bootmem_request request = {.size = 8, .nid = -1};
  unsigned long address;
  size_t index;

  bootmem_setup(&kit_platform);
  init_bootmem_node(NODE_DATA(1), 0x1000, 0x1000, 0x2000);
  init_bootmem(0, 0x1000);
  init_bootmem_node(NODE_DATA(2), ARENA_PAGES, LARGE_START, LARGE_START + LARGE_PAGES);
  free_bootmem((LARGE_START + 33) << 12, (LARGE_PAGES - 77) << 12);
  reserve_bootmem((LARGE_START + 99) << 12, (LARGE_PAGES - 199) << 12, BOOTMEM_EXCLUSIVE);
  free_bootmem((LARGE_START + 101) << 12, (LARGE_PAGES - 299) << 12);
  free_bootmem(0x1000, 0xfff000);
  free_bootmem_node(NODE_DATA(1), 0x1001000, 0xfff000);
  reserve_bootmem(0x3000, 0x10000, BOOTMEM_EXCLUSIVE);
  reserve_bootmem_node(NODE_DATA(1), 0x1003000, 0x1000, BOOTMEM_DEFAULT);
  for (index = 0; index < sizeof sizes / sizeof *sizes; index++) {
    __alloc_bootmem(sizes[index], 0x4000, 0x1000000);
    __alloc_bootmem_node(NODE_DATA(2), sizes[index], 64, LARGE_START << 12);
    __alloc_bootmem_low_nopanic(sizes[index], 0x40000, 0);
    __alloc_bootmem_node_high(NODE_DATA(1), sizes[index], 64, 0);
    ___alloc_bootmem_node_nopanic(NODE_DATA(0), sizes[index], 0x100000, 0, 0x1000000);
  }
  bootmem_allocate(&request, &address);
  bootmem_map_word(NODE_DATA(0), 0);
  free_bootmem(0x1000, 0x1000000);
  reserve_bootmem(~0UL, 1, 0);
  init_bootmem_node(NODE_DATA(3), 0, 0x1000, 0x1001);
  __alloc_bootmem(~0UL, 0, 0);
  __alloc_bootmem_node(NULL, 1, 0, 0);
  free_all_bootmem();
  free_bootmem_late(0x1000, 0x3000);
  free_bootmem(0x1000, 0x1000);
}

static void test_stack(void)
{
  unsigned offset, used, debug;

  kit_setup(ARENA_PFN, ARENA_PAGES + bootmem_bootmap_pages(LARGE_PAGES));
  kit_platform.fault = count_fault;
  kit_platform.write = ignore_text;
  kit_platform.clear = ignore_memory;
  kit_platform.release_pages = ignore_block;
  stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (debug = 0; debug <= 1; debug++)
    for (offset = 0; offset < 16; offset += sizeof(long)) {
      kit_test("2 KB of stack are enough, at any alignment to a word");
      memset(stack, STACK_FILL, STACK_SIZE);
      stack_faults = 0;
      bootmem_debug = (int)debug;
      call_on_stack(use_everything, offset);
      bootmem_debug = 0;
      for (used = STACK_SIZE; used > 0 && stack[STACK_SIZE - used] == STACK_FILL; used--) {}
      /* use_everything() and its callbacks take some of it. */
      KIT_EXPECT(used > 100);
      if (used > 2048) KIT_EQUAL(used, 2048);
      KIT_EQUAL(stack_faults, 5);
    }
}

int main(void)
{
  test_macros();
  test_variables();
  test_clearing();
  test_blocks();
  test_debug();
  test_stack();
  return kit_finish();
}
