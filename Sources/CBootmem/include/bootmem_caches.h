/* SPDX-License-Identifier: MIT */
/* Kept pages for many processors: each has some free ones of its own, which it takes and gives back
 * without a lock, and at most one call in 32 goes to the page allocator of bootmem_pages.h underneath.
 *
 *     static struct bootmem_cache room[CPUS];
 *     struct bootmem_caches caches = {
 *       .size = sizeof caches, .room = room, .count = CPUS, .max_pages = 64,
 *       .lock = lock_pages, .unlock = unlock_pages,
 *     };
 *
 *     bootmem_keep_pages();
 *     bootmem_set_caches(&caches);
 *     pfn = bootmem_caches_allocate(0, cpu);      on processor number cpu
 *     bootmem_caches_free(pfn, 0, cpu);           on any other, whoever allocated it
 *
 * What lies in a cache is allocated as far as bootmem_pages.h knows, and free otherwise: an allocation
 * that would fail first takes back the pages of all caches, including those of other processors, and
 * so does counting.
 *
 * One processor makes one call at a time: a kernel does not move a thread to another processor in
 * the middle of one.  An interrupt handler may make calls, even if it has interrupted one, provided that lock()
 * keeps interrupts off.  Code that calls bootmem_pages.h or bootmem_heap.h directly must hold the same lock.
 *
 * A kernel that does not include this header links nothing of it.  Not in Linux.  No call is a fault:
 * an error changes nothing, and is written to platform.write, but for those of bootmem_set_caches(),
 * and as bootmem_pages.h says. */
#ifndef BOOTMEM_CACHES_H
#define BOOTMEM_CACHES_H

#include "bootmem_pages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The order of the blocks that are cached besides single pages: 512 pages. */
#define BOOTMEM_CACHES_LARGE_ORDER 9

/* The most single pages that a cache keeps. */
#define BOOTMEM_CACHES_MAX_PAGES 104

/* The most blocks of 512 pages that a cache keeps. */
#define BOOTMEM_CACHES_MAX_LARGE_BLOCKS 8

/* The most caches. */
#define BOOTMEM_CACHES_MAX_COUNT 8192

/* Room for the cache of one processor, with any content at first; best aligned to 64. */
struct bootmem_cache {
  unsigned long words[128]; /* opaque */
};

/* What bootmem_set_caches() needs.  Fields that are not set must be 0. */
struct bootmem_caches {
  /* sizeof(struct bootmem_caches): a library that does not know this struct refuses it. */
  BOOTMEM_SIZE_T size;

  /* Room for `count` caches, which stays in use. */
  struct bootmem_cache *room;

  /* Processors 0 to count - 1 have caches. */
  unsigned int count;

  /* How many pages each keeps; with 0 each call for a page goes to bootmem_pages.h, and each free is
   * examined at once. */
  unsigned int max_pages;

  /* How many blocks of 512 pages each keeps; 0 has the same effect as for pages. */
  unsigned int max_large_blocks;

  /* Handed to all three functions; may be NULL. */
  void *context;

  /* Keeps all other callers out: a spinlock.  It also keeps interrupts off where their handlers allocate
   * or free pages.  NULL on one processor without such handlers. */
  void (*lock)(void *context) BOOTMEM_CALL;

  /* Lets them in again; NULL exactly if `lock` is. */
  void (*unlock)(void *context) BOOTMEM_CALL;

  /* Returns when every other processor has executed a full memory barrier since the call, by an
   * interrupt whose handler returns at once, for instance.  It is called under the lock, so it has
   * to reach processors that wait for the lock too.  NULL if there is no such means: then each call
   * executes a barrier, which takes longer than the rest of the call. */
  void (*fence_others)(void *context) BOOTMEM_CALL;
};

/* Starts empty caches with a copy of this struct, after bootmem_keep_pages(), while only one processor runs.
 * After another bootmem_setup(), call this again; at any other time call bootmem_caches_drain() first, or
 * what lies in the caches is lost.  Returns 0; -EINVAL (-22) for NULL, another size, missing room, only one
 * of lock and unlock, a number above its maximum, and without kept pages. */
BOOTMEM_CALL int bootmem_set_caches(const struct bootmem_caches *caches);

/* Allocates 2^order pages on processor cpu, like bootmem_pages_allocate(order, -1, 0).  Processors without
 * a cache, and all orders but 0 and 9, go there under the lock. */
BOOTMEM_CALL unsigned long bootmem_caches_allocate(unsigned int order, unsigned int cpu);

/* Frees a block on processor cpu, whoever allocated it.  Refused at once are only the block that this
 * processor freed last, while nobody has emptied its cache, and a single page past all nodes, such as
 * BOOTMEM_NO_PAGE.  Any other is examined when it goes from the cache to bootmem_pages.h, and if it was
 * not allocated, its PFN is written; until then it may be given out again: a page that is freed twice,
 * with another in between, even twice.  Returns 0; -EINVAL (-22) for what is refused at once. */
BOOTMEM_CALL int bootmem_caches_free(unsigned long pfn, unsigned int order, unsigned int cpu);

/* Allocates a run, or with align equal to count a block, like bootmem_pages_allocate_run(), under the lock. */
BOOTMEM_CALL unsigned long bootmem_caches_allocate_run(unsigned long count, unsigned long align,
    int nid, unsigned long limit_pfn, unsigned int cpu);

/* Frees a run, like bootmem_pages_free_run(), under the lock. */
BOOTMEM_CALL int bootmem_caches_free_run(unsigned long pfn, unsigned long count);

/* Gives the pages of all caches back, and writes which of them were freed wrongly. */
BOOTMEM_CALL void bootmem_caches_drain(unsigned int cpu);

/* Counts what is free on a node, like bootmem_pages_count(), after all caches have given their
 * pages back. */
BOOTMEM_CALL int bootmem_caches_count(int nid, struct bootmem_pages_statistics *statistics,
    unsigned int cpu);

#ifdef __cplusplus
}
#endif

#endif
