/* SPDX-License-Identifier: MIT */
/* A call that is refused changes nothing, where the kernel's fault returns too: all memory of the library's,
 * what it counts and its variables are the same behind it. */
#include <stdbool.h>
#include <stdio.h>

#include "calls.h"

/* ---- All that calls change ---- */

/* Bitmaps, trees, pages of the heap and of its index lie in the arena. */
static struct snapshot {
  unsigned char arena[sizeof arena], entries[sizeof entries], freed[sizeof freed],
    cache_room[sizeof cache_room];
  struct bootmem_pages_statistics pages[2];
  struct bootmem_heap_statistics heap;
  unsigned long min_low_pfn, max_low_pfn, max_pfn, physical, reserved;
} before, after;

static void take(struct snapshot *to)
{
  memset(to, 0, sizeof *to);
  memcpy(to->arena, arena, sizeof arena);
  memcpy(to->entries, entries, sizeof entries);
  memcpy(to->freed, freed, sizeof freed);
  memcpy(to->cache_room, cache_room, sizeof cache_room);
  for (int nid = 0; nid < 2; nid++)
    bootmem_pages_count(nid, &to->pages[nid]);
  bootmem_heap_count(&to->heap);
  to->min_low_pfn = min_low_pfn, to->max_low_pfn = max_low_pfn, to->max_pfn = max_pfn;
  to->physical = physical;
  for (unsigned long pfn = 0; pfn < PAGES; pfn++)
    to->reserved += bootmem_is_reserved(pfn) == 1;
}

static size_t passed, failed;
static const char *state;

static void begin(void)
{
  /* Counting puts what lies ready for the next call among the rest: the second time nothing does. */
  take(&before);
  take(&before);
}

static void expect_unchanged(const char *call, bool is_refused)
{
  take(&after);
  if (is_refused && memcmp(&before, &after, sizeof before) == 0) {
    passed++;
    return;
  }
  printf("%s: %s %s\n", state, call, is_refused ? "has changed something" : "was not refused");
  failed++;
}

/* ---- Each call in each state, behind one that goes well ---- */

enum { BOOT, HANDED_OVER, KEPT, STATES };
static const char *const state_names[STATES] = {"at boot", "handed over", "pages kept"};

static void set_up_state(int number)
{
  state = state_names[number];
  set_up(0);
  if (number == HANDED_OVER) free_all_bootmem();
  if (number == KEPT) {
    bootmem_keep_pages();
    bootmem_set_caches(&caches);
  }
}

static const struct {
  const char *name;
  void (*good)(void), (*bad)(void);
} calls[] = {
#define ROW(name, good, bad) {#name, good_##name, bad_##name},
  CALLS(ROW)
};

static void test_each(void)
{
  for (int number = 0; number < STATES; number++)
    for (size_t row = 0; row < sizeof calls / sizeof *calls; row++) {
      /* Handed over, there is nothing but a name, which goes. */
      if (number == HANDED_OVER && strcmp(calls[row].name, "bootmem_release_as") == 0) continue;
      set_up_state(number);
      calls[row].good();
      begin();
      calls[row].bad();
      expect_unchanged(calls[row].name, true);
    }
}

/* What is compared shows what calls do: those of the table that change memory where they go well. */
static void test_the_comparison(void)
{
  size_t changing = 0;

  for (size_t row = 0; row < sizeof calls / sizeof *calls; row++) {
    bool changes = false;

    for (int number = 0; number < STATES; number++) {
      set_up_state(number);
      begin();
      calls[row].good();
      take(&after);
      changes = changes || memcmp(&before, &after, sizeof before) != 0;
    }
    changing += changes;
  }
  if (changing >= 25) passed++;
  else failed++, printf("only %zu calls change what is compared\n", changing);
}

/* ---- Other ways to be refused ---- */

#define REFUSED(...)                                   \
  do {                                                 \
    begin();                                           \
    expect_unchanged(#__VA_ARGS__, (__VA_ARGS__));     \
  } while (0)

/* Whether the call was a fault. */
#define FAULTS(...) (faults = 0, __VA_ARGS__, faults == 1)

enum { EINVAL_RESULT = -22, EBUSY_RESULT = -16, ENOMEM_RESULT = -12, ENOSPC_RESULT = -28 };

static void test_boot_memory(void)
{
  set_up_state(BOOT);
  REFUSED(FAULTS(free_bootmem(0x40000, 0x1000)));
  REFUSED(FAULTS(free_bootmem((PAGES - 1) * 0x1000UL, 0x2000)));
  REFUSED(FAULTS(free_bootmem_node(NODE, (PAGES / 2 - 1) * 0x1000UL, 0x2000)));
  REFUSED(FAULTS(free_bootmem_node(NULL, 0x1000, 0x1000)));
  REFUSED(reserve_bootmem(0x31f000, 0x2000, BOOTMEM_EXCLUSIVE) == EBUSY_RESULT);
  REFUSED(FAULTS(reserve_bootmem((PAGES - 1) * 0x1000UL, 0x2000, BOOTMEM_DEFAULT)));
  REFUSED(FAULTS(init_bootmem_node(bootmem_node(2), 0x100, PAGES / 2 - 1, PAGES + 1)));
  REFUSED(FAULTS(init_bootmem_node(NODE, 0x100, PAGES, PAGES + 0x100)));
  REFUSED(bootmem_node(BOOTMEM_MAX_NODES) == NULL);
  REFUSED(FAULTS(__alloc_bootmem(PAGES * 0x1000UL, 64, 0)));
  REFUSED(FAULTS(__alloc_bootmem(16, 24, 0)));
  REFUSED(FAULTS(__alloc_bootmem_node(bootmem_node(3), 0, 64, 0)));
  REFUSED(bootmem_allocate(NULL, &physical) == EINVAL_RESULT);
  REFUSED(bootmem_allocate(&bad, NULL) == EINVAL_RESULT);
  REFUSED(bootmem_allocate(&bad, &physical) == ENOMEM_RESULT);
}

static void test_ledger(void)
{
  set_up_state(BOOT);
  REFUSED(bootmem_reserve_as(0x300000, 0x1000, BOOTMEM_DEFAULT, NULL) == EINVAL_RESULT);
  REFUSED(bootmem_reserve_as(0x31f000, 0x2000, BOOTMEM_EXCLUSIVE, "busy") == EBUSY_RESULT);
  REFUSED(bootmem_allocate_as(&good, &physical, NULL) == EINVAL_RESULT);
  REFUSED(bootmem_allocate_as(&bad, &physical, "no") == ENOMEM_RESULT);
  REFUSED(bootmem_label(0x300000, 0, "empty") == EINVAL_RESULT);
  REFUSED(bootmem_label(0x300000, 0x1000, NULL) == EINVAL_RESULT);
  REFUSED(bootmem_set_ledger(NULL, 16) == EINVAL_RESULT);
  REFUSED(bootmem_start_checking(NULL, 16) == EINVAL_RESULT);
  REFUSED(bootmem_release_as("nobody") == 0);
  REFUSED(bootmem_release_as("reserved") == 0);
  for (unsigned long start = 0x40000; bootmem_label(start, 0x1000, "one of many") == 0; start += 0x2000) {}
  REFUSED(bootmem_label(0x300000, 0x1000, "one more") == ENOSPC_RESULT);
}

static void test_pages(void)
{
  set_up_state(KEPT);
  unsigned long block = bootmem_pages_allocate(3, -1, 0);
  unsigned long run = bootmem_pages_allocate_run(5, 1, -1, 0);
  unsigned long page = bootmem_pages_allocate(0, -1, 0);

  bootmem_pages_free(page, 0);
  REFUSED(bootmem_pages_allocate(3, -2, 0) == BOOTMEM_NO_PAGE);
  REFUSED(bootmem_pages_allocate_on(0, 3, 0) == BOOTMEM_NO_PAGE);
  REFUSED(bootmem_pages_allocate(11, -1, 0) == BOOTMEM_NO_PAGE);
  REFUSED(bootmem_pages_free(block, 2) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free(block, 4) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free(block + 1, 0) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free(page, 0) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free(1, 0) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free(PAGES, 0) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free_run(run, 4) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free_run(run, 6) == EINVAL_RESULT);
  REFUSED(bootmem_pages_free_run(run + 1, 4) == EINVAL_RESULT);
  REFUSED(bootmem_pages_resize_run(run, 5, 0, 0) == EINVAL_RESULT);
  REFUSED(bootmem_pages_resize_run(run, 4, 6, 0) == EINVAL_RESULT);
  REFUSED(bootmem_pages_resize_run(run, 5, PAGES, 0) == ENOMEM_RESULT);
  REFUSED(bootmem_pages_release(1, 2) == EINVAL_RESULT);
  REFUSED(bootmem_pages_release(0x320, 0x341) == EINVAL_RESULT);
  REFUSED(bootmem_pages_release(0x330, 0x320) == EINVAL_RESULT);
  REFUSED(bootmem_keep_pages() == EINVAL_RESULT);
  REFUSED(FAULTS(free_bootmem_late(page * 0x1000, 0x1000)));
  REFUSED(FAULTS(free_bootmem_late(0x1000, 0x1000)));
  REFUSED(__alloc_bootmem_nopanic(16, 64, 0) == NULL);
}

static void test_caches(void)
{
  set_up_state(KEPT);
  unsigned long page = bootmem_caches_allocate(0, 0);

  bootmem_caches_free(page, 0, 0);
  /* It empties its processor's cache, to look at what lies there: what is free stays the same. */
  struct bootmem_pages_statistics had, has;
  bootmem_caches_count(0, &had, 1);
  bootmem_caches_free(bootmem_caches_allocate(0, 0), 0, 0);
  bool is_refused = bootmem_caches_free(page, 0, 0) == EINVAL_RESULT;
  bootmem_caches_count(0, &has, 1);
  begin();
  expect_unchanged("bootmem_caches_free(page, 0, 0)", is_refused && memcmp(&had, &has, sizeof had) == 0);
  REFUSED(bootmem_caches_free(page, 11, 0) == EINVAL_RESULT);
  REFUSED(bootmem_caches_allocate(11, 0) == BOOTMEM_NO_PAGE);
  REFUSED(bootmem_caches_free_run(1, 2) == EINVAL_RESULT);
}

static void test_heap(int number)
{
  set_up_state(number);
  char *slot = bootmem_heap_allocate(100), *pages = bootmem_heap_allocate(5000);
  char *freed_slot = bootmem_heap_allocate(100), *freed_pages = bootmem_heap_allocate(9000);

  bootmem_heap_free(freed_slot);
  bootmem_heap_free(freed_pages);
  char *const wrong[] = {slot + 1, slot + 16, pages + 1, pages + 4096, freed_slot, freed_pages, &foreign,
    (char *)arena + 0x1000};

  for (size_t row = 0; row < sizeof wrong / sizeof *wrong; row++) {
    REFUSED(bootmem_heap_free(wrong[row]) == EINVAL_RESULT);
    REFUSED(bootmem_heap_resize(wrong[row], 10) == NULL);
    REFUSED(bootmem_heap_size(wrong[row]) == 0);
  }
  REFUSED(bootmem_heap_allocate_aligned(100, 24) == NULL);
  REFUSED(bootmem_heap_set_source(&no_source) == EINVAL_RESULT);
  REFUSED(bootmem_heap_count(NULL) == EINVAL_RESULT);
}

int main(void)
{
  test_each();
  test_the_comparison();
  test_boot_memory();
  test_ledger();
  test_pages();
  test_caches();
  test_heap(BOOT);
  test_heap(KEPT);
  printf("%zu passed, %zu failed\n", passed, failed);
  return failed != 0;
}
