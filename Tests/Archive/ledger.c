/* SPDX-License-Identifier: MIT */
/* The ledger and its debug mode, in an image that links them. */
#include "kit.h"

#include <bootmem_ledger.h>
#include <string.h>

enum { PAGES = 0x40, ENOSPC_RESULT = -28 };

static struct bootmem_entry entries[16];

/* How much of the text has been looked at. */
static size_t seen;

/* One node of PAGES pages from page 0 on, its bitmap in page 1; pages 0 and 1 stay reserved. */
static void set_up(const char *name, unsigned long capacity, unsigned int flags)
{
  kit_test(name);
  kit_setup(0, PAGES);
  seen = 0;
  init_bootmem(1, PAGES);
  free_bootmem(0x2000, (PAGES - 2) * 0x1000UL);
  KIT_EQUAL(bootmem_set_ledger(entries, capacity, flags), 0);
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

static void test_bad_calls(void)
{
  struct bootmem_request request = {.size = 8, .nid = -1};
  unsigned long physical = 7;

  set_up("calls that are wrong", 0, 0);
  KIT_EQUAL(bootmem_label(0x1000, 8, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_set_ledger(NULL, 1, 0), EINVAL_RESULT);
  KIT_EQUAL(bootmem_set_ledger(entries, 16, 2), EINVAL_RESULT);
  KIT_EQUAL(bootmem_set_ledger(entries, 16, 0), 0);
  KIT_EQUAL(bootmem_label(0x1000, 8, NULL), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(0x1000, 0, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(~0UL, 2, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_label(~0UL, 1, "top"), 0);
  KIT_EQUAL(bootmem_allocate_as(NULL, &physical, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_allocate_as(&request, NULL, "a"), EINVAL_RESULT);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, NULL), EINVAL_RESULT);
  request.size = 0;
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), EINVAL_RESULT);
  request.size = PAGES * 0x1000UL;
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "a"), ENOMEM_RESULT);
  KIT_EQUAL(physical, 7);
  holder_is(~0UL / BOOTMEM_PAGE_SIZE, "top");
  holder_is(~0UL, "nobody");
  holder_is(2, "nobody");
  KIT_EQUAL(bootmem_release_as("top"), 0);
  KIT_SAYS(said(), "");
}

static void test_holders(void)
{
  set_up("a refusal names the holder", 16, 0);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x2001, BOOTMEM_EXCLUSIVE, "kernel image"), 0);
  KIT_EQUAL(bootmem_label(0x4000, 0x1000, "later"), 0);
  holder_is(3, "kernel image");
  holder_is(5, "kernel image");
  holder_is(6, "nobody");
  KIT_EQUAL(bootmem_reserve_as(0x2000, 0x2000, BOOTMEM_EXCLUSIVE, "log"), EBUSY_RESULT);
  KIT_SAYS(said(), "bootmem: page 0x3 is reserved already; pages 0x3-0x5: kernel image\n");
  KIT_EQUAL(bootmem_reserve_as(0, 0x1000, BOOTMEM_EXCLUSIVE, "log"), EBUSY_RESULT);
  KIT_SAYS(said(), "bootmem: page 0x0 is reserved already\n");
  holder_is(2, "nobody");
  KIT_CATCH(bootmem_reserve_as((PAGES - 1) * 0x1000UL, 0x2000, 0, "beyond"));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
  holder_is(PAGES - 1, "nobody");
  KIT_EQUAL(bootmem_reserve_as(0x8000, 0, 0, "nothing"), 0);
  holder_is(8, "nobody");
}

static void test_addresses(void)
{
  static const unsigned long sizes[] = {100, 4096, 24, 8192, 5000, 1, 4080};
  unsigned long plain[7];

  set_up("addresses are those without a ledger", 16, 0);
  for (int i = 0; i < 7; i++) {
    struct bootmem_request request = {.size = sizes[i], .nid = -1};

    KIT_EQUAL(bootmem_allocate(&request, &plain[i]), 0);
  }
  set_up("addresses are those without a ledger, compared", 16, 0);
  for (int i = 0; i < 7; i++) KIT_EQUAL(allocate(sizes[i], 0, "x"), plain[i]);
}

static void test_full(void)
{
  set_up("a full ledger counts and goes on", 2, 0);
  KIT_EQUAL(bootmem_label(0, 0x1000, "page 0"), 0);
  for (int i = 0; i < 3; i++) KIT_EQUAL(allocate(0x1000, 0x1000, "stack"), 0x2000 + i * 0x1000UL);
  KIT_SAYS(said(), "bootmem: the ledger is full: it holds 2 entries, and needs room for 3, "
      "see bootmem_set_ledger()\n");
  KIT_EQUAL(bootmem_label(0x1000, 0x1000, "bitmap"), ENOSPC_RESULT);
  KIT_EQUAL(bootmem_is_reserved(4), 1);
  bootmem_print_ledger();
  KIT_SAYS(said(), "  0000000000000000-0000000000000fff page 0, 4 KiB\n"
      "  0000000000002000-0000000000002fff stack, 4 KiB\n"
      "  all: 2 ranges, 8 KiB in 2 pages\n"
      "  and 3 more: the ledger holds 2 entries, and needs room for 5\n");
}

static void test_free(void)
{
  set_up("what is freed is nobody's", 3, 0);
  KIT_EQUAL(bootmem_reserve_as(0x4000, 0x6000, 0, "a"), 0);
  bootmem_free_as(0x5800, 0x2800);
  holder_is(5, "a");
  holder_is(6, "nobody");
  holder_is(7, "nobody");
  holder_is(8, "a");
  KIT_EQUAL(bootmem_is_reserved(6), 0);
  bootmem_free_as(0x4000, 0x1000);
  holder_is(4, "nobody");
  holder_is(5, "a");
  bootmem_free_as(0x9000, 0x1000);
  holder_is(8, "a");
  holder_is(9, "nobody");
  /* Refused, and nothing has changed. */
  KIT_CATCH(bootmem_free_as(0x8000, 0x2000));
  KIT_EQUAL(kit_fault, BOOTMEM_FAULT_MISUSE);
  holder_is(8, "a");
  /* Less than a page frees nothing. */
  bootmem_free_as(0x8001, 0xffe);
  holder_is(8, "a");
  bootmem_unlabel(0x8000, 0xfff);
  holder_is(8, "a");
  bootmem_unlabel(0x8fff, 1);
  holder_is(8, "nobody");
  bootmem_print_ledger();
  KIT_SAYS(said(), "  0000000000005000-0000000000005fff a, 4 KiB\n"
      "  all: 1 ranges, 4 KiB in 1 pages\n");
}

static void test_report(void)
{
  set_up("the report is sorted, with sums", 16, 0);
  KIT_EQUAL(bootmem_label(0x9000, 0x20, "log"), 0);
  KIT_EQUAL(bootmem_label(0x4000, 0x1a00, "kernel image"), 0);
  KIT_EQUAL(bootmem_label(0, 0x1000, "page 0"), 0);
  KIT_EQUAL(bootmem_label(0x8000, 0x40, "log"), 0);
  KIT_EQUAL(bootmem_label(0x400, 0x100, "BIOS data area"), 0);
  KIT_EQUAL(bootmem_label(0x4000, 0x1a00, "kernel image"), 0);
  bootmem_print_ledger();
  KIT_SAYS(said(), "  0000000000000000-0000000000000fff page 0, 4 KiB\n"
      "  0000000000000400-00000000000004ff BIOS data area, 256 B\n"
      "  0000000000004000-00000000000059ff kernel image, 6.5 KiB\n"
      "  0000000000004000-00000000000059ff kernel image, 6.5 KiB\n"
      "  0000000000008000-000000000000803f log, 64 B\n"
      "  0000000000009000-000000000000901f log, 32 B\n"
      "  log: 2 ranges, 96 B\n"
      "  kernel image: 2 ranges, 13 KiB\n"
      "  all: 6 ranges, 17.3 KiB in 5 pages\n");
}

static void test_release(void)
{
  set_up("what bears a name is released late, each page once", 16, 0);
  KIT_EQUAL(bootmem_reserve_as(0x3000, 0x2800, 0, "module 0"), 0);
  KIT_EQUAL(bootmem_reserve_as(0x5800, 0x1801, 0, "module 1"), 0);
  /* The first and the last page may be others' too. */
  unsigned long first = allocate(64, 0, "early");
  unsigned long init = allocate(0x3000, 64, "init");
  KIT_EQUAL(first, 0x2000);
  KIT_EQUAL(init, 0x8000);
  KIT_EQUAL(bootmem_label(PAGES * 0x1000UL, 0x1000, "beyond"), 0);
  KIT_EQUAL(bootmem_release_as("module 0"), 0);
  holder_is(3, "module 0");
  size_t before = (free_all_bootmem(), kit_block_count);
  KIT_EQUAL(bootmem_release_as("module 0"), 2);
  KIT_EQUAL(kit_blocks[before].pfn, 3);
  KIT_EQUAL(kit_blocks[before + 1].pfn, 4);
  KIT_EQUAL(bootmem_release_as("module 0"), 0);
  KIT_EQUAL(bootmem_release_as("module 1"), 3);
  KIT_EQUAL(kit_blocks[before + 2].pfn, 5);
  KIT_EQUAL(bootmem_release_as("early"), 0);
  KIT_EQUAL(bootmem_release_as("init"), 3);
  KIT_EQUAL(kit_blocks[before + 5].pfn, 8);
  KIT_EQUAL(bootmem_release_as("beyond"), 0);
  KIT_EQUAL(bootmem_release_as("nobody"), 0);
  KIT_EQUAL(bootmem_release_as(NULL), 0);
  KIT_EQUAL(kit_block_count, before + 8);
  holder_is(8, "nobody");
}

/* ---- The debug mode ---- */

static unsigned char *at(unsigned long physical) { return kit_pointer(physical); }

static void test_checks_without_violation(void)
{
  set_up("debug mode: nothing wrong, nothing said", 16, BOOTMEM_CHECK_MEMORY);
  unsigned long small = allocate(100, 0, "small");
  unsigned long next = allocate(4, 4, "next");
  unsigned long page = allocate(0x1000, 0x1000, "page");

  /* Sixteen bytes more. */
  KIT_EQUAL(small, 0x2000);
  KIT_EQUAL(next, 0x2000 + 100 + 16);
  KIT_EQUAL(page, 0x3000);
  for (int i = 0; i < 100; i++) KIT_EXPECT(at(small)[i] == 0);
  memset(at(small), 1, 100);
  memset(at(next), 2, 4);
  memset(at(page), 3, 0x1000);
  bootmem_free_as(page, 0x1000);
  KIT_EXPECT(at(page)[0] == 0x6b && at(page)[0xfff] == 0x6b);
  KIT_EQUAL(bootmem_check_ledger(), 0);
  KIT_EQUAL(allocate(0x2000, 0x1000, "two pages"), page);
  KIT_EXPECT(at(page)[0] == 0 && at(page)[0x1fff] == 0);
  KIT_EQUAL(bootmem_check_ledger(), 0);
  KIT_SAYS(said(), "");
  /* What need not be mapped is not looked at. */
  struct bootmem_request request = {.size = 8, .nid = -1, .flags = BOOTMEM_NO_CLEAR};
  unsigned long physical;
  bootmem_free_as(page, 0x2000);
  KIT_EQUAL(bootmem_allocate_as(&request, &physical, "as it is"), 0);
  KIT_EXPECT(at(physical)[8] != 0xbd);
  memset(at(physical), 9, 8);
  KIT_EQUAL(bootmem_check_ledger(), 0);
  KIT_SAYS(said(), "");
}

static void test_red_zone(void)
{
  set_up("debug mode: a write beyond the end", 16, BOOTMEM_CHECK_MEMORY);
  unsigned long small = allocate(100, 0, "boot CPU's data");

  at(small)[100 + 15] = 0x41;
  KIT_EQUAL(bootmem_check_ledger(), 1);
  KIT_SAYS(said(), "bootmem: 0x41 instead of 0xbd at 0x2073, behind the end of boot CPU's data\n");
  bootmem_free_as(0x2000, 0x1000);
  KIT_SAYS(said(), "bootmem: 0x41 instead of 0xbd at 0x2073, behind the end of boot CPU's data\n");
  KIT_EQUAL(bootmem_check_ledger(), 0);
}

static void test_write_after_free(void)
{
  set_up("debug mode: a write after the free", 16, BOOTMEM_CHECK_MEMORY);
  unsigned long page = allocate(0x2000, 0x1000, "ring");

  bootmem_free_as(page, 0x2000);
  at(page)[0x1234] = 7;
  KIT_EQUAL(bootmem_check_ledger(), 1);
  KIT_SAYS(said(), "bootmem: 0x7 instead of 0x6b at 0x3234, freed by ring\n");
  /* Small ones from there on: the one that gets the byte tells of it, once. */
  KIT_EQUAL(allocate(0xfe0, 64, "first"), page);
  KIT_SAYS(said(), "");
  KIT_EQUAL(allocate(0x1000, 64, "second"), page + 0x1000);
  KIT_SAYS(said(), "bootmem: 0x7 instead of 0x6b at 0x3234, freed by ring\n");
  KIT_EQUAL(bootmem_check_ledger(), 0);
  holder_is(3, "second");
}

static void test_free_in_part(void)
{
  set_up("debug mode: what is freed anew is looked at once", 16, BOOTMEM_CHECK_MEMORY);
  unsigned long page = allocate(0x1000, 0x1000, "ring");

  bootmem_free_as(page, 0x1000);
  KIT_EQUAL(allocate(64, 64, "small"), page);
  bootmem_free_as(page, 0x1000);
  at(page)[0x800] = 7;
  KIT_EQUAL(bootmem_check_ledger(), 1);
  at(page)[0x800] = 0x6b;
  set_up("debug mode: a zone goes with the end that it lies behind", 16, BOOTMEM_CHECK_MEMORY);
  KIT_EQUAL(allocate(0x800, 64, "first"), 0x2000);
  KIT_EQUAL(allocate(0xf00, 64, "across"), 0x2840);
  bootmem_free_as(0x3000, 0x1000);
  holder_is(3, "nobody");
  KIT_EQUAL(bootmem_check_ledger(), 0);
  KIT_EQUAL(allocate(0x800, 64, "third"), 0x3000);
  KIT_EQUAL(allocate(0xf00, 64, "across"), 0x3840);
  bootmem_free_as(0x3000, 0x1000);
  at(0x4740)[0] = 1;
  KIT_EQUAL(bootmem_check_ledger(), 1);
  KIT_SAYS(strrchr(said(), ','), ", behind the end of across\n");
}

static void test_no_room_for_a_zone(void)
{
  set_up("debug mode: no allocation fails for want of a zone", 16, BOOTMEM_CHECK_MEMORY);
  KIT_EQUAL(allocate((PAGES - 3) * 0x1000UL, 0x1000, "most"), 0x2000);
  KIT_EQUAL(allocate(0xff8, 8, "last"), (PAGES - 1) * 0x1000UL);
  KIT_EQUAL(bootmem_check_ledger(), 0);
}

int main(void)
{
  test_bad_calls();
  test_holders();
  test_addresses();
  test_full();
  test_free();
  test_report();
  test_release();
  test_checks_without_violation();
  test_red_zone();
  test_write_after_free();
  test_free_in_part();
  test_no_room_for_a_zone();
  return kit_finish();
}
