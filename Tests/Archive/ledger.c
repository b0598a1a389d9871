/* SPDX-License-Identifier: MIT */
/* What the ledger's functions for C have beside those of Swift; ledger_cases.c has the rest. */
#define _GNU_SOURCE
#include "kit.h"

#include <bootmem_ledger.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

enum { PAGES = 0x40, ENOSPC_RESULT = -28 };

static struct bootmem_entry entries[16], freed[16];

/* How much of the text has been looked at. */
static size_t seen;

/* One node of PAGES pages from page 0 on, its bitmap in page 1; pages 0 and 1 stay reserved. */
static void set_up(const char *name, unsigned long capacity)
{
  kit_test(name);
  kit_setup(0, PAGES);
  seen = 0;
  init_bootmem(1, PAGES);
  free_bootmem(0x2000, (PAGES - 2) * 0x1000UL);
  KIT_EQUAL(bootmem_set_ledger(entries, capacity), 0);
}

static unsigned long allocate(unsigned long size, unsigned long align, const char *name)
{
  struct bootmem_request request = {.size = size, .align = align, .nid = -1};
  unsigned long physical = ~0UL;

  KIT_EQUAL(bootmem_allocate_as(&request, &physical, name), 0);
  return physical;
}

/* What was written since the last call. */
static const char *said(void)
{
  const char *text = kit_text + seen;

  seen = strlen(kit_text);
  return text;
}

static void holder_is(unsigned long pfn, const char *name)
{
  const char *holder = bootmem_holder(pfn);

  KIT_SAYS(holder == NULL ? "nobody" : holder, name);
}

/* A kernel asks where what its device tree wanted was put. */
static void test_range_of(void)
{
  unsigned long start = 1, size = 2;

  set_up("where something was put", 16);
  KIT_EQUAL(bootmem_range_of("dsp", &start, &size), -2);
  KIT_EQUAL(bootmem_range_of(NULL, &start, &size), EINVAL_RESULT);
  KIT_EQUAL(start, 1);
  KIT_EQUAL(size, 2);
  KIT_EQUAL(bootmem_label(0x4000, 0x1800, "dsp"), 0);
  KIT_EQUAL(bootmem_label(0x8000, 0x1000, "dsp"), 0);
  KIT_EQUAL(bootmem_range_of("dsp", &start, &size), 0);
  KIT_EQUAL(start, 0x4000);
  KIT_EQUAL(size, 0x1800);
  KIT_EQUAL(bootmem_range_of("dsp", NULL, NULL), 0);
  KIT_EQUAL(bootmem_range_of("ds", &start, &size), -2);
}

/* A heap asks whose a byte is. */
static void test_name_of(void)
{
  set_up("whose a byte is", 16);
  KIT_EQUAL(bootmem_label(0x4000, 0x40, "dsp"), 0);
  KIT_EQUAL(bootmem_label(0x4000, 0x80, "modem"), 0);
  KIT_EXPECT(bootmem_name_of(0x3fff) == NULL);
  KIT_SAYS(bootmem_name_of(0x403f), "dsp");
  KIT_SAYS(bootmem_name_of(0x4040), "modem");
  KIT_EXPECT(bootmem_name_of(0x4080) == NULL);
}

static void test_bad_calls(void)
{
  struct bootmem_request request = {.size = 8, .nid = -1};
  unsigned long physical = 7;

  set_up("calls that are wrong", 0);
  KIT_EQUAL(bootmem_label(0x1000, 8, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_set_ledger(NULL, 1), EINVAL_RESULT);
  KIT_EQUAL(bootmem_set_ledger(entries, ~0UL), EINVAL_RESULT);
  KIT_EQUAL(bootmem_start_checking(NULL, 1), EINVAL_RESULT);
  KIT_EQUAL(bootmem_set_ledger(NULL, 0), 0);
  KIT_EQUAL(bootmem_set_ledger(entries, 16), 0);
  KIT_EQUAL(bootmem_label(0x1000, 8, NULL), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(0x1000, 0, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(0, 0, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(~0UL, 2, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(~0UL, 1, "top"), 0);
  KIT_EQUAL(bootmem_allocate_as(NULL, &physical, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_allocate_as(&request, NULL, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, NULL), EINVAL_RESULT);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x1000, BOOTMEM_DEFAULT, NULL), EINVAL_RESULT);
  KIT_EQUAL(bootmem_is_reserved(3), 0);
  request.size = 0;
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), EINVAL_RESULT);
  request.size = 8;
  request.flags = 4;
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), EINVAL_RESULT);
  request.flags = 0;
  request.size = PAGES * 0x1000UL;
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), ENOMEM_RESULT);
  KIT_EQUAL(physical, 7);
  holder_is(~0UL / BOOTMEM_PAGE_SIZE, "top");
  holder_is(~0UL, "nobody");
  holder_is(2, "nobody");
  KIT_EQUAL(bootmem_release_as("top"), 0);
  KIT_EQUAL(bootmem_release_as(NULL), 0);
  bootmem_unlabel(~0UL, 2);
  holder_is(~0UL / BOOTMEM_PAGE_SIZE, "top");
  bootmem_unlabel(~0UL, 1);
  holder_is(~0UL / BOOTMEM_PAGE_SIZE, "nobody");
  KIT_SAYS(said(), "");
}

/* Each is a fault that names the function of bootmem.h, and changes nothing. */
static void test_faults(void)
{
  set_up("faults are those of bootmem.h", 16);
  KIT_EQUAL(bootmem_start_checking(freed, 16), 0);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x1000, BOOTMEM_DEFAULT, "a"), 0);
  memset(kit_pointer(0x2000), 5, 0x2000);
  KIT_CATCH(bootmem_free_as(0x2000, 0x2000));
  KIT_SAYS(kit_message, "bootmem: free_bootmem(0x2000, 0x2000): page 0x2 is free already");
  KIT_CATCH(bootmem_free_as(0x3000, ~0UL - 0x2000));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_CATCH(bootmem_free_as(~0UL - 0xfff, 0x2000));
  KIT_EXPECT(strstr(kit_message, "reaches beyond the address space") != NULL);
  KIT_CATCH(bootmem_reserve_as(~0UL - 0xfff, 0x2000, BOOTMEM_DEFAULT, "b"));
  KIT_EXPECT(strstr(kit_message, "reaches beyond the address space") != NULL);
  KIT_CATCH(bootmem_reserve_as((PAGES - 1) * 0x1000UL, 0x2000, BOOTMEM_DEFAULT, "beyond"));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
  holder_is(PAGES - 1, "nobody");
  holder_is(3, "a");
  for (int i = 0; i < 0x2000; i++) KIT_EXPECT(((unsigned char *)kit_pointer(0x2000))[i] == 5);
}

static void test_addresses(void)
{
  static const unsigned long sizes[] = {100, 4096, 24, 8192, 5000, 1, 4080};
  unsigned long plain[7];

  set_up("addresses are those without a ledger", 16);
  for (int i = 0; i < 7; i++) {
    struct bootmem_request request = {.size = sizes[i], .nid = -1};

    KIT_EQUAL(bootmem_allocate(&request, &plain[i]), 0);
  }
  set_up("addresses are those without a ledger, compared", 16);
  for (int i = 0; i < 7; i++) KIT_EQUAL(allocate(sizes[i], 0, "x"), plain[i]);
}

static void test_requests(void)
{
  struct bootmem_request request = {.size = 64, .align = 0x2000, .goal = 0x9000, .nid = 0,
    .flags = BOOTMEM_THIS_NODE};
  unsigned long physical;

  set_up("goals, limits, nodes and alignments are those of the request", 16);
  KIT_EQUAL(bootmem_start_checking(freed, 16), 0);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "high"), 0);
  KIT_EQUAL(physical, 0xa000);
  request = (struct bootmem_request){.size = 0x1000, .align = 0x1000, .limit = 0x3000, .nid = -1};
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "low"), 0);
  KIT_EQUAL(physical, 0x2000);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "low"), ENOMEM_RESULT);
  request = (struct bootmem_request){.size = 8, .nid = 1, .flags = BOOTMEM_THIS_NODE};
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "elsewhere"), ENOMEM_RESULT);
}

/* Where it is full it says so once, and what it needs. */
static void test_full(void)
{
  set_up("a full ledger says so once", 2);
  KIT_EQUAL(bootmem_label(0, 0x1000, "page 0"), 0);
  for (int i = 0; i < 3; i++) KIT_EQUAL(allocate(0x1000, 0x1000, "stack"), 0x2000 + i * 0x1000UL);
  KIT_SAYS(said(), "bootmem: the ledger is full: it holds 2 ranges, and needs room for 3, "
      "see bootmem_set_ledger()\n");
  KIT_EQUAL(bootmem_label(0x1000, 0x1000, "bitmap"), ENOSPC_RESULT);
  KIT_EQUAL(bootmem_is_reserved(4), 1);
  set_up("a full ledger says so where an entry becomes two", 1);
  KIT_EQUAL(bootmem_label(0, 0x3000, "a"), 0);
  bootmem_unlabel(0x1000, 0x1000);
  KIT_SAYS(said(), "bootmem: the ledger is full: it holds 1 ranges, and needs room for 2, "
      "see bootmem_set_ledger()\n");
  set_up("a full ledger says so for what is labelled", 1);
  KIT_EQUAL(bootmem_label(0, 0x1000, "page 0"), 0);
  KIT_EQUAL(bootmem_label(0x1000, 0x1000, "bitmap"), ENOSPC_RESULT);
  KIT_SAYS(said(), "bootmem: the ledger is full: it holds 1 ranges, and needs room for 2, "
      "see bootmem_set_ledger()\n");
  set_up("a full ledger says so where a free leaves two parts", 1);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x3000, BOOTMEM_DEFAULT, "a"), 0);
  bootmem_free_as(0x4000, 0x1000);
  KIT_SAYS(said(), "bootmem: the ledger is full: it holds 1 ranges, and needs room for 2, "
      "see bootmem_set_ledger()\n");
  set_up("a ledger without room says so for what is reserved", 0);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x1000, BOOTMEM_DEFAULT, "a"), 0);
  KIT_EQUAL(bootmem_is_reserved(3), 1);
  KIT_SAYS(said(), "bootmem: the ledger is full: it holds 0 ranges, and needs room for 1, "
      "see bootmem_set_ledger()\n");
}

static void test_long_names(void)
{
  static char name[300];

  memset(name, 'n', sizeof name - 1);
  set_up("a line that is too long is cut off, and ends", 2);
  KIT_EQUAL(bootmem_label(0, 0x1000, name), 0);
  bootmem_print_ledger();
  const char *text = said();

  KIT_EQUAL(strcspn(text, "\n"), 239);
  KIT_SAYS(text + 240, "  all: 1 ranges, 4 KiB in 1 pages\n");
}

static void test_release(void)
{
  set_up("what bears a name goes to release_pages, ascending", 16);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x2800, 0, "module 0"), 0);
  KIT_EQUAL(bootmem_reserve_as(0x5800, 0x1801, 0, "module 1"), 0);
  KIT_EQUAL(bootmem_release_as("module 0"), 0);
  holder_is(3, "module 0");
  size_t before = (free_all_bootmem(), kit_block_count);
  KIT_EQUAL(bootmem_release_as("module 0"), 2);
  KIT_EQUAL(kit_blocks[before].pfn, 3);
  KIT_EQUAL(kit_blocks[before + 1].pfn, 4);
  KIT_EQUAL(bootmem_release_as("module 1"), 3);
  KIT_EQUAL(kit_blocks[before + 2].pfn, 5);
  KIT_EQUAL(kit_block_count, before + 5);
}

static void test_release_from_two_nodes(void)
{
  kit_test("what lies in two nodes is released from both");
  kit_setup(0, PAGES);
  seen = 0;
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES / 2);
  init_bootmem_node(bootmem_node(1), 2, PAGES / 2, PAGES);
  KIT_EQUAL(bootmem_set_ledger(entries, 16), 0);
  KIT_EQUAL(bootmem_reserve_as((PAGES / 2 - 1) * 0x1000UL, 0x2000, BOOTMEM_DEFAULT, "module"), 0);
  size_t before = (free_all_bootmem(), kit_block_count);
  KIT_EQUAL(bootmem_release_as("module"), 2);
  KIT_EQUAL(kit_blocks[before].pfn, PAGES / 2 - 1);
  KIT_EQUAL(kit_blocks[before + 1].pfn, PAGES / 2);
}

/* The ledger outlasts a platform, and writes to the one of today. */
static void test_platforms(void)
{
  set_up("the debug mode writes to the platform of today", 16);
  KIT_EQUAL(bootmem_start_checking(freed, 16), 0);
  unsigned long small = allocate(100, 0, "log");

  ((unsigned char *)kit_pointer(small))[100] = 0x41;
  kit_platform.write = NULL;
  KIT_EQUAL(bootmem_setup(&kit_platform), 0);
  KIT_EQUAL(bootmem_check_ledger(), 1);
  KIT_SAYS(said(), "");
}

/* What the platform was to clear last. */
static void *cleared;
static unsigned long cleared_size;

static void BOOTMEM_CALL note_clear(void *context, void *start, size_t size)
{
  (void)context;
  cleared = start;
  cleared_size = size;
}

/* Where memory was written to that is not there. */
static void *fault_address;
static sigjmp_buf fault_return;

static void note_fault(int signal, siginfo_t *information, void *context)
{
  (void)signal;
  (void)context;
  fault_address = information->si_addr;
  siglongjmp(fault_return, 1);
}

/* An identity map, in which page 0 is free. */
static void set_up_null_pointer(const char *name)
{
  static unsigned long map[1024];

  set_up(name, 16);
  kit_platform.clear = note_clear;
  kit_platform.direct_map_offset = 0;
  KIT_EQUAL(bootmem_setup(&kit_platform), 0);
  KIT_EXPECT(bootmem_init_node_at(bootmem_node(0), map, 0, 0x100) <= sizeof map);
  free_bootmem(0, 0x2000);
  cleared = fault_address = map;
}

static void test_null_pointer(void)
{
  struct bootmem_request request = {.size = 0x1000, .nid = -1};
  struct sigaction action = {.sa_flags = SA_SIGINFO}, before;
  unsigned long physical = 7;

  set_up_null_pointer("memory at the NULL pointer is the platform's to clear");
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "page 0"), 0);
  KIT_EQUAL(physical, 0);
  KIT_EXPECT(cleared == NULL);
  KIT_EQUAL(cleared_size, 0x1000);

  /* They write to memory themselves. */
  set_up_null_pointer("memory at the NULL pointer is cleared with checks, too");
  KIT_EQUAL(bootmem_start_checking(freed, 16), 0);
  action.sa_sigaction = note_fault;
  sigaction(SIGSEGV, &action, &before);
  if (sigsetjmp(fault_return, 1) == 0) bootmem_allocate_as(&request, &physical, "page 0");
  KIT_EXPECT(fault_address == NULL);
  set_up_null_pointer("memory at the NULL pointer is left as it is where that is asked for");
  KIT_EQUAL(bootmem_start_checking(freed, 16), 0);
  request.flags = BOOTMEM_NO_CLEAR;
  if (sigsetjmp(fault_return, 1) == 0)
    KIT_EQUAL(bootmem_allocate_as(&request, &physical, "page 0"), 0);
  KIT_EXPECT(fault_address != NULL);
  sigaction(SIGSEGV, &before, NULL);
}

int main(void)
{
  test_range_of();
  test_name_of();
  test_bad_calls();
  test_faults();
  test_addresses();
  test_requests();
  test_full();
  test_long_names();
  test_release();
  test_release_from_two_nodes();
  test_platforms();
  test_null_pointer();
  return kit_finish();
}
