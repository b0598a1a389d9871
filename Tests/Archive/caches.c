/* SPDX-License-Identifier: MIT */
/* The C interface of the caches of processors, and processors that are threads. */
#define _GNU_SOURCE
#include "kit.h"

#include <bootmem_caches.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* <sys/syscall.h> for the other width is not installed everywhere. */
#ifdef __x86_64__
enum { SYS_membarrier = 324 };
#else
enum { SYS_membarrier = 375 };
#endif

enum { PAGES = 0x2000, FIRST = 0x20, CPUS = 8 };

static struct bootmem_cache room[CPUS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int lock_depth, lock_count, fence_count;
static unsigned long all;

static void BOOTMEM_CALL lock(void *context)
{
  pthread_mutex_lock(&mutex);
  KIT_EXPECT(context == room && lock_depth == 0);
  lock_depth++;
  lock_count++;
}

static void BOOTMEM_CALL unlock(void *context)
{
  KIT_EXPECT(context == room && lock_depth == 1);
  lock_depth--;
  pthread_mutex_unlock(&mutex);
}

/* Every thread of this process has executed a barrier then. */
static void BOOTMEM_CALL fence_others(void *context)
{
  KIT_EXPECT(context == room && lock_depth == 1);
  fence_count++;
  KIT_EQUAL(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
}

static const struct bootmem_caches usual = {
  .size = sizeof usual, .room = room, .count = CPUS, .max_pages = 64, .max_large_blocks = 4,
  .context = room, .lock = lock, .unlock = unlock,
};

static unsigned long uncached(void)
{
  struct bootmem_pages_statistics statistics;

  KIT_EQUAL(bootmem_pages_count(0, &statistics), 0);
  return statistics.free_pages;
}

static unsigned long counted(void)
{
  struct bootmem_pages_statistics statistics;

  KIT_EQUAL(bootmem_caches_count(0, &statistics, 0), 0);
  return statistics.free_pages;
}

/* A node from page 0 on; what is below FIRST stays reserved. */
static void set_up_pages(const char *name)
{
  kit_test(name);
  kit_setup(0, PAGES);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES);
  free_bootmem(FIRST * 0x1000UL, (PAGES - FIRST) * 0x1000UL);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  all = uncached();
}

static void set_up(const char *name, const struct bootmem_caches *caches)
{
  set_up_pages(name);
  memset(room, 0xa5, sizeof room);
  KIT_EQUAL(bootmem_set_caches(caches), 0);
  lock_count = fence_count = 0;
}

static void test_without_caches(void)
{
  set_up_pages("without caches each call goes to the pages");
  unsigned long pfn = bootmem_caches_allocate(0, 0);

  KIT_EQUAL(uncached(), all - 1);
  KIT_EQUAL(bootmem_caches_free(pfn, 0, 0), 0);
  KIT_EQUAL(bootmem_caches_free(pfn, 0, 0), EINVAL_RESULT);
  bootmem_caches_drain(0);
  KIT_EQUAL(counted(), all);
}

static void test_setting(void)
{
  struct bootmem_caches caches = usual;

  kit_test("caches need kept pages");
  kit_setup(0, PAGES);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES);
  KIT_EQUAL(bootmem_set_caches(&usual), EINVAL_RESULT);
  set_up_pages("caches that make no sense are refused");
  KIT_EQUAL(bootmem_set_caches(NULL), EINVAL_RESULT);
  caches.size--;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  caches = usual, caches.room = NULL;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  caches = usual, caches.unlock = NULL;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  caches = usual, caches.lock = NULL;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  caches = usual, caches.max_pages = BOOTMEM_CACHES_MAX_PAGES + 1;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  caches = usual, caches.max_large_blocks = BOOTMEM_CACHES_MAX_LARGE_BLOCKS + 1;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  caches = usual, caches.count = BOOTMEM_CACHES_MAX_COUNT + 1;
  KIT_EQUAL(bootmem_set_caches(&caches), EINVAL_RESULT);
  /* Nothing was begun: a call goes to the pages without the lock. */
  lock_count = 0;
  KIT_EQUAL(bootmem_caches_free(bootmem_caches_allocate(0, 0), 0, 0), 0);
  KIT_EQUAL(lock_count, 0);
  KIT_EQUAL(uncached(), all);
  KIT_EQUAL(bootmem_set_caches(&usual), 0);
  static struct bootmem_cache most[BOOTMEM_CACHES_MAX_COUNT];

  caches = usual, caches.room = most, caches.count = BOOTMEM_CACHES_MAX_COUNT;
  caches.max_pages = BOOTMEM_CACHES_MAX_PAGES;
  caches.max_large_blocks = BOOTMEM_CACHES_MAX_LARGE_BLOCKS;
  KIT_EQUAL(bootmem_set_caches(&caches), 0);
}

static void test_hits(void)
{
  set_up("a hit takes no lock", &usual);
  unsigned long pfn = bootmem_caches_allocate(0, 3), block = bootmem_caches_allocate(9, 3);

  KIT_EQUAL(block % 512, 0);
  KIT_EQUAL(lock_count, 2);
  for (int i = 0; i < 100; i++) {
    KIT_EQUAL(bootmem_caches_free(pfn, 0, 3), 0);
    KIT_EQUAL(bootmem_caches_allocate(0, 3), pfn);
    KIT_EQUAL(bootmem_caches_free(block, 9, 3), 0);
    KIT_EQUAL(bootmem_caches_allocate(9, 3), block);
  }
  KIT_EQUAL(lock_count, 2);
  KIT_EQUAL(uncached(), all - 33 - 3 * 512);
  KIT_EQUAL(counted(), all - 513);
  KIT_EQUAL(kit_text[0], 0);
}

static void test_batches(void)
{
  set_up("every thirty-second call takes the lock", &usual);
  static unsigned long pfns[1000];

  for (int i = 0; i < 1000; i++) pfns[i] = bootmem_caches_allocate(0, 1);
  KIT_EQUAL(lock_count, 31);
  for (int i = 0; i < 1000; i++) KIT_EQUAL(bootmem_caches_free(pfns[i], 0, 2), 0);
  KIT_EQUAL(lock_count, 31 + 30);
  KIT_EQUAL(counted(), all);
  KIT_EQUAL(kit_text[0], 0);
}

static void test_shortage(const struct bootmem_caches *caches, const char *name)
{
  set_up(name, caches);
  static unsigned long pfns[PAGES];
  unsigned long count = 0, pfn;

  while ((pfn = bootmem_caches_allocate(0, count % CPUS)) != BOOTMEM_NO_PAGE) pfns[count++] = pfn;
  KIT_EQUAL(count, all);
  KIT_EXPECT(strstr(kit_text, "out of memory: no free block of order 0") != NULL);
  kit_text[0] = 0;
  /* All that is free lies in caches of others. */
  for (unsigned long i = 0; i < 64 * (CPUS - 1); i++)
    KIT_EQUAL(bootmem_caches_free(pfns[i], 0, 1 + i / 64), 0);
  KIT_EQUAL(uncached(), 0);
  KIT_EXPECT(bootmem_caches_allocate(0, 0) != BOOTMEM_NO_PAGE);
  KIT_EXPECT(bootmem_caches_allocate_run(33, 1, -1, 0, 0) != BOOTMEM_NO_PAGE);
  KIT_EXPECT(bootmem_caches_allocate(3, 0) != BOOTMEM_NO_PAGE);
  KIT_EQUAL(counted(), 64 * (CPUS - 1) - 1 - 33 - 8);
  KIT_EQUAL(kit_text[0], 0);
  KIT_EXPECT((fence_count > 0) == (caches->fence_others != NULL));
}

static void test_wrong_frees(void)
{
  set_up("a double free is refused, or found at the drain", &usual);
  unsigned long first = bootmem_caches_allocate(0, 0), second = bootmem_caches_allocate(0, 0);
  char text[200];

  KIT_EQUAL(bootmem_caches_free(first, 0, 0), 0);
  KIT_EQUAL(bootmem_caches_free(first, 0, 0), EINVAL_RESULT);
  snprintf(text, sizeof text, "page 0x%lx was to be freed with order 0, but is free", first);
  KIT_EXPECT(strstr(kit_text, text) != NULL);
  kit_text[0] = 0;
  KIT_EQUAL(bootmem_caches_free(second, 0, 1), 0);
  KIT_EQUAL(bootmem_caches_free(second, 0, 2), 0);
  KIT_EQUAL(bootmem_caches_free(1, 0, 2), 0);
  KIT_EQUAL(kit_text[0], 0);
  bootmem_caches_drain(3);
  snprintf(text, sizeof text, "page 0x%lx was to be freed with order 0, but is free", second);
  KIT_EXPECT(strstr(kit_text, text) != NULL);
  KIT_EXPECT(strstr(kit_text, "page 0x1 was to be freed with order 0, but holds the bitmap") != NULL);
  KIT_EQUAL(counted(), all);
}

static void test_freed_twice_with_another_between(void)
{
  set_up("a page that is freed twice with another in between is noticed at the drain only",
    &usual);
  unsigned long first = bootmem_caches_allocate(0, 0), second = bootmem_caches_allocate(0, 0);

  KIT_EQUAL(bootmem_caches_free(first, 0, 0), 0);
  KIT_EQUAL(bootmem_caches_free(second, 0, 0), 0);
  KIT_EQUAL(bootmem_caches_free(first, 0, 0), 0);
  KIT_EQUAL(bootmem_caches_allocate(0, 0), first);
  KIT_EQUAL(bootmem_caches_free(first, 0, 0), 0);
  bootmem_caches_drain(0);
  KIT_EXPECT(strstr(kit_text, "was to be freed with order 0, but is free") != NULL);
}

static void test_pages_that_are_none(void)
{
  static const unsigned long pfns[] = {BOOTMEM_NO_PAGE, PAGES, ~0UL >> 1};

  set_up("a page past all nodes is refused, whether the cache is empty or not", &usual);
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < sizeof pfns / sizeof *pfns; i++) {
      KIT_EQUAL(bootmem_caches_free(pfns[i], 0, 0), EINVAL_RESULT);
      KIT_EXPECT(strstr(kit_text, "but lies in no node") != NULL);
      kit_text[0] = 0;
      KIT_EQUAL(bootmem_caches_free(pfns[i], 0, CPUS), EINVAL_RESULT);
    }
    KIT_EXPECT(bootmem_caches_allocate(0, 0) < PAGES);
  }
  /* The last page is one. */
  while (bootmem_pages_allocate(0, -1, 0) != PAGES - 1) {}
  KIT_EQUAL(bootmem_caches_free(PAGES - 1, 0, 0), 0);
  KIT_EQUAL(bootmem_caches_allocate(0, 0), PAGES - 1);
}

static void test_other_calls(void)
{
  set_up("what is not cached takes the lock", &usual);
  unsigned long pfn = bootmem_caches_allocate(4, 0), run;

  KIT_EQUAL(lock_count, 1);
  KIT_EQUAL(uncached(), all - 16);
  KIT_EQUAL(bootmem_caches_free(pfn, 4, 0), 0);
  KIT_EQUAL(bootmem_caches_free(pfn, 4, 0), EINVAL_RESULT);
  run = bootmem_caches_allocate_run(3, 1, 0, 0x1000, 0);
  KIT_EXPECT(run < 0x1000 - 2);
  KIT_EQUAL(bootmem_caches_free_run(run, 3), 0);
  KIT_EQUAL(bootmem_caches_free_run(run, 3), EINVAL_RESULT);
  KIT_EQUAL(bootmem_caches_allocate_run(1, 1, 0, 1, 0), BOOTMEM_NO_PAGE);
  KIT_EQUAL(bootmem_caches_allocate_run(1, 1, 99, 0, 0), BOOTMEM_NO_PAGE);
  /* A processor without a cache. */
  pfn = bootmem_caches_allocate(0, CPUS);
  KIT_EQUAL(uncached(), all - 1);
  KIT_EQUAL(bootmem_caches_free(pfn, 0, ~0U), 0);
  KIT_EQUAL(bootmem_caches_count(0, NULL, 0), EINVAL_RESULT);
  KIT_EQUAL(counted(), all);
}

static void test_drain_on_demand_only(void)
{
  set_up("caches keep their pages while there are others", &usual);
  bootmem_caches_allocate(0, 0);
  KIT_EQUAL(uncached(), all - 33);
  unsigned long run = bootmem_caches_allocate_run(3, 0, -1, 0, 0);

  KIT_EXPECT(run != BOOTMEM_NO_PAGE);
  KIT_EQUAL(uncached(), all - 33 - 3);
  KIT_EXPECT(bootmem_caches_allocate(10, 0) != BOOTMEM_NO_PAGE);
  KIT_EQUAL(uncached(), all - 33 - 3 - 1024);
  KIT_EQUAL(bootmem_caches_allocate_run(3, 64, -1, 0, 0) % 64, 0);
  KIT_EQUAL(uncached(), all - 33 - 3 - 1024 - 3);
  /* They could not help. */
  KIT_EQUAL(bootmem_caches_allocate(11, 0), BOOTMEM_NO_PAGE);
  KIT_EXPECT(strstr(kit_text, "no block has the order 11") != NULL);
  KIT_EQUAL(uncached(), all - 33 - 3 - 1024 - 3);
}

static void test_drain_for_largest(void)
{
  set_up("caches give their pages for a block of the largest order", &usual);
  unsigned long block = bootmem_caches_allocate(10, 0), pfn;

  for (unsigned order = 11; order-- > 0;)
    while (bootmem_pages_allocate(order, -1, 0) != BOOTMEM_NO_PAGE) {}
  KIT_EQUAL(bootmem_pages_free(block, 10), 0);
  pfn = bootmem_caches_allocate(0, 0);
  KIT_EQUAL(bootmem_caches_free(pfn, 0, 0), 0);
  KIT_EQUAL(uncached(), 1024 - 33);
  KIT_EQUAL(bootmem_caches_allocate(10, 0), block);
}

/* ---- Threads ---- */

enum { HELD = 100, CALLS = 250000 };

static unsigned int owners[PAGES];
static unsigned long mail[CPUS];
static long wrong;

/* Stamps each page that it gets, frees most of them, and passes others on. */
static void *run(void *argument)
{
  unsigned int cpu = (unsigned int)(uintptr_t)argument;
  unsigned long held[HELD], count = 0, seed = cpu + 1;
  long bad = 0;

  for (int call = 0; call < CALLS; call++) {
    seed = seed * 1103515245 + 12345;
    if (count < HELD && (count == 0 || seed >> 16 & 1)) {
      unsigned long pfn = bootmem_caches_allocate(0, cpu);

      if (pfn == BOOTMEM_NO_PAGE || pfn >= PAGES) {
        bad++;
        continue;
      }
      if (owners[pfn] != 0) bad++;
      owners[pfn] = cpu + 1;
      held[count++] = pfn;
    } else {
      unsigned long place = (seed >> 8) % count, pfn = held[place];

      held[place] = held[--count];
      if (call % 4 == 0)
        pfn = __atomic_exchange_n(&mail[(seed >> 20) % CPUS], pfn, __ATOMIC_ACQ_REL);
      if (pfn == 0) continue;
      if (owners[pfn] == 0) bad++;
      owners[pfn] = 0;
      if (bootmem_caches_free(pfn, 0, cpu) != 0) bad++;
    }
    if (call % 10000 == 0) bootmem_caches_drain(cpu);
  }
  while (count > 0) {
    unsigned long pfn = held[--count];

    owners[pfn] = 0;
    if (bootmem_caches_free(pfn, 0, cpu) != 0) bad++;
  }
  __atomic_add_fetch(&wrong, bad, __ATOMIC_RELAXED);
  return NULL;
}

static void test_threads(const struct bootmem_caches *caches, const char *name)
{
  pthread_t threads[CPUS];

  set_up(name, caches);
  memset(owners, 0, sizeof owners);
  wrong = 0;
  for (uintptr_t cpu = 0; cpu < CPUS; cpu++)
    KIT_EQUAL(pthread_create(&threads[cpu], NULL, run, (void *)cpu), 0);
  for (int cpu = 0; cpu < CPUS; cpu++) KIT_EQUAL(pthread_join(threads[cpu], NULL), 0);
  for (int cpu = 0; cpu < CPUS; cpu++) {
    if (mail[cpu] != 0) KIT_EQUAL(bootmem_caches_free(mail[cpu], 0, 0), 0);
    mail[cpu] = 0;
  }
  KIT_EQUAL(wrong, 0);
  KIT_EQUAL(counted(), all);
  KIT_EQUAL(kit_text[0], 0);
}

int main(void)
{
  struct bootmem_caches fenced = usual;

  fenced.fence_others = fence_others;
  test_without_caches();
  test_setting();
  test_hits();
  test_batches();
  test_wrong_frees();
  test_freed_twice_with_another_between();
  test_pages_that_are_none();
  test_other_calls();
  test_drain_on_demand_only();
  test_drain_for_largest();
  test_shortage(&usual, "an allocation that would fail finds what others cache");
  test_threads(&usual, "no page is two processors'");
  KIT_EQUAL(
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
  test_shortage(&fenced, "so it does where others are fenced");
  test_threads(&fenced, "no page is two processors' where others are fenced");
  return kit_finish();
}
