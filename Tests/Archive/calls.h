/* SPDX-License-Identifier: MIT */
/* Each call of each header as it goes well and as it is refused, in a world of two nodes, for tests of
 * what holds for all of them.  With HEAP_DEBUG the heap is that of libbootmem_heap_debug.a. */
#ifndef CALLS_H
#define CALLS_H

#include <string.h>

#include "bootmem.h"
#include "bootmem_caches.h"
#include "bootmem_heap_debug.h"
#include "bootmem_ledger.h"
#include "bootmem_pages.h"

enum { PAGES = 0x800 };

static unsigned char arena[(PAGES + 1) * 0x1000UL] __attribute__((aligned(4096)));
static struct bootmem_entry entries[16], freed[16];
static unsigned long physical;
static struct bootmem_pages_statistics statistics;
static struct bootmem_heap_statistics held;
static struct bootmem_cache cache_room[2];
static struct bootmem_caches caches = {
  .size = sizeof caches, .room = cache_room, .count = 2, .max_pages = 64, .max_large_blocks = 2,
};
static void *object;

#ifdef HEAP_DEBUG
typedef const char *name_of(unsigned long) BOOTMEM_CALL;

/* Makes each call that looks at the heap find something: what they take counts for the call below. */
static name_of *find(void)
{
  char *one = bootmem_heap_allocate(100), *other = bootmem_heap_allocate(100);

  bootmem_heap_set_names(bootmem_name_of);
  if (!one || !other) return NULL;
  one[115] = other[115] = 0;
  bootmem_heap_free(other);
  bootmem_heap_free(other);
  *other = 0;
  bootmem_heap_check();
  one[115] = *other = 0;
  bootmem_heap_resize(one, 101);
  bootmem_heap_trim();
  return NULL;
}
#define DEBUG_CALLS(call)                                                            \
  call(bootmem_heap_set_names, (find()), (NULL))                                     \
  call(bootmem_heap_check, (), ())
#else
#define DEBUG_CALLS(call)
#endif

/* ---- Callbacks that take next to no stack; faults return ---- */

/* How often something was said, and a fault returned. */
static unsigned long texts, faults;

static void BOOTMEM_CALL write_text(void *context, const char *text, size_t length)
{
  (void)context, (void)text, (void)length;
  texts++;
}

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
  (void)context, (void)code, (void)message;
  faults++;
}

static void BOOTMEM_CALL release_pages(void *context, unsigned long pfn, unsigned int order, int nid)
{
  (void)context, (void)pfn, (void)order, (void)nid;
}

static int BOOTMEM_CALL node_number(void *context, const pg_data_t *pgdat)
{
  (void)context, (void)pgdat;
  return -1;
}

static struct bootmem_platform platform = {
  .size = sizeof platform, .max_order = 10, .max_dma32_pfn = 0x400, .low_address_limit = 0x400000,
  .write = write_text, .fault = fault, .release_pages = release_pages, .node_number = node_number,
};

/* ---- The calls: each as it goes well and as it is refused ---- */

static struct bootmem_request good = {.size = 100, .nid = -1};
static struct bootmem_request bad = {.size = 0x10000000, .nid = 0, .flags = BOOTMEM_THIS_NODE};
static char foreign;
static const struct bootmem_heap_source no_source;
#define NODE bootmem_node(0)
#define FOREIGN ((pg_data_t *)(void *)&foreign)

#define CALLS(call)                                                                  \
  call(bootmem_setup, (&platform), (NULL))                                           \
  call(bootmem_set_mapped_end, (0x400000), (0))                                      \
  call(bootmem_node, (0), (-1))                                                      \
  call(bootmem_bootmap_pages, (PAGES), (~0UL))                                       \
  call(init_bootmem_node, (bootmem_node(2), 0x500, 0x4000, 0x4800),                  \
    (FOREIGN, 1, 0, PAGES))                                                          \
  call(init_bootmem, (0x501, PAGES), (~0UL, ~0UL))                                   \
  call(bootmem_init_node_at, (bootmem_node(3), entries, 0x5000, 0x5040),             \
    (bootmem_node(3), NULL, 0, PAGES))                                               \
  call(bootmem_map_word, (NODE, 0), (FOREIGN, ~0UL))                                 \
  call(bootmem_is_reserved, (0x10), (~0UL))                                          \
  call(free_bootmem, (0x40000, 0x1000), (0x40000, 0x400000))                         \
  call(free_bootmem_node, (NODE, 0x41000, 0x1000), (FOREIGN, 0, 0x1000))             \
  call(reserve_bootmem, (0x40000, 0x10000, BOOTMEM_EXCLUSIVE), (~0UL, 0x1000, 0))    \
  call(reserve_bootmem_node, (NODE, 0x40000, 0x20000, 0), (FOREIGN, 0, 0x1000, 0))   \
  call(__alloc_bootmem, (100, 64, 0), (~0UL, 3, 0))                                  \
  call(__alloc_bootmem_nopanic, (100, 64, 0), (0x40000000, 64, 0))                   \
  call(__alloc_bootmem_low, (0x3000, 0x1000, 0), (0x40000000, 64, 0))                \
  call(__alloc_bootmem_low_nopanic, (100, 64, 0), (0, 64, 0))                        \
  call(__alloc_bootmem_node, (NODE, 100, 64, 0), (FOREIGN, 100, 64, 0))              \
  call(__alloc_bootmem_node_nopanic, (NODE, 100, 64, 0), (NODE, 0x40000000, 64, 0))  \
  call(__alloc_bootmem_low_node, (NODE, 100, 64, 0), (NODE, 0x40000000, 64, 0))      \
  call(__alloc_bootmem_node_high, (NODE, 100, 64, 0), (NODE, 0x40000000, 64, 0))     \
  call(___alloc_bootmem_node_nopanic, (NODE, 100, 64, 0, 0), (NODE, 0, 64, 0, 0))    \
  call(bootmem_allocate, (&good, &physical), (&bad, &physical))                      \
  call(bootmem_set_ledger, (entries, 16), (NULL, 1))                                 \
  call(bootmem_start_checking, (freed, 16), (NULL, 1))                               \
  call(bootmem_label, (0x300000, 0x1000, "label"), (0, 0, NULL))                     \
  call(bootmem_unlabel, (0x300800, 0x100), (0, 0))                                   \
  call(bootmem_holder, (0x300), (~0UL))                                              \
  call(bootmem_name_of, (0x300000), (~0UL))                                          \
  call(bootmem_range_of, ("label", &physical, NULL), (NULL, NULL, NULL))             \
  call(bootmem_reserve_as, (0x310000, 0x2000, BOOTMEM_EXCLUSIVE, "reserved"),        \
    (0x30f000, 0x4000, BOOTMEM_EXCLUSIVE, "busy"))                                   \
  call(bootmem_allocate_as, (&good, &physical, "allocated"), (&bad, &physical, "no")) \
  call(bootmem_free_as, (0x310000, 0x1000), (0x310000, 0x2000))                      \
  call(bootmem_check_ledger, (), ())                                                 \
  call(bootmem_print_ledger, (), ())                                                 \
  call(bootmem_keep_pages, (), ())                                                   \
  call(free_all_bootmem, (), ())                                                     \
  call(free_bootmem_late, (0x320000, 0x4000), (~0UL, 0x1000))                        \
  call(bootmem_release_as, ("reserved"), ("bitmap"))                                 \
  call(bootmem_pages_allocate, (3, -1, 0), (11, 99, 0))                              \
  call(bootmem_pages_allocate_on, (0, 0, 0x700), (10, 0, 1))                         \
  call(bootmem_pages_free, (0x600, 0), (~0UL, 0))                                    \
  call(bootmem_pages_release, (0x330, 0x340), (1, 3))                                \
  call(bootmem_pages_allocate_run, (5, 4, -1, 0), (0, 3, -1, 0))                     \
  call(bootmem_pages_free_run, (0x600, 5), (1, 3))                                   \
  call(bootmem_pages_resize_run, (0x604, 5, 4, 0), (1, 3, 9, 0))                     \
  call(bootmem_pages_prepare, (), ())                                                \
  call(bootmem_pages_count, (0, &statistics), (-1, &statistics))                     \
  call(bootmem_set_caches, (&caches), (NULL))                                        \
  call(bootmem_caches_allocate, (0, 0), (11, 9))                                     \
  call(bootmem_caches_free, (0x600, 0, 0), (~0UL, 0, 9))                             \
  call(bootmem_caches_allocate_run, (5, 4, -1, 0, 0), (0, 3, -1, 0, 0))              \
  call(bootmem_caches_free_run, (0x600, 5), (1, 3))                                  \
  call(bootmem_caches_drain, (0), (9))                                               \
  call(bootmem_caches_count, (0, &statistics, 0), (-1, &statistics, 0))              \
  call(bootmem_heap_set_source, (NULL), (&no_source))                                \
  call(bootmem_heap_allocate, (50000), (~(size_t)0))                                 \
  call(bootmem_heap_allocate_aligned, (100, 4096), (1, 3))                           \
  call(bootmem_heap_allocate_zeroed, (100), (~(size_t)0))                            \
  call(bootmem_heap_resize, (object = bootmem_heap_allocate(100), 5000), (&foreign, 1)) \
  call(bootmem_heap_size, (bootmem_heap_allocate(9)), (&foreign))                    \
  call(bootmem_heap_free, (bootmem_heap_allocate(70000)), (&foreign))                \
  call(bootmem_heap_trim, (), ())                                                    \
  DEBUG_CALLS(call)                                                                  \
  call(bootmem_heap_count, (&held), (NULL))

#define DEFINE(name, good, bad)                       \
  static void good_##name(void) { (void)name good; }  \
  static void bad_##name(void) { (void)name bad; }
CALLS(DEFINE)

/* Memory of two nodes, with much that is freed and named. */
static void set_up(int debug)
{
  platform.direct_map_offset = (unsigned long)(__UINTPTR_TYPE__)arena;
  bootmem_setup(&platform);
  bootmem_heap_set_source(NULL);
  bootmem_debug = debug;
  init_bootmem_node(NODE, 1, 0, PAGES / 2);
  init_bootmem_node(bootmem_node(1), 2, PAGES / 2, PAGES);
  free_bootmem(0x10000, (PAGES - 0x10) * 0x1000UL);
  bootmem_set_ledger(entries, 16);
  bootmem_start_checking(freed, 16);
  bootmem_reserve_as(0x1000, 0x1000, BOOTMEM_DEFAULT, "bitmap");
  bootmem_reserve_as(0x320000, 0x20000, BOOTMEM_DEFAULT, "reserved");
  bootmem_allocate_as(&good, &physical, "a");
  arena[physical + good.size] = 1;
}

#endif
