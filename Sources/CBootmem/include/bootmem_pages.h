/* SPDX-License-Identifier: MIT */
/* Pages for as long as the kernel runs, from the bitmaps of bootmem: instead of a page allocator of
 * the kernel's own.
 *
 *     bootmem_keep_pages();                              instead of free_all_bootmem()
 *     pfn = bootmem_pages_allocate(order, nid, 0);       2^order pages
 *     bootmem_pages_free(pfn, order);
 *     pfn = bootmem_pages_allocate_run(count, 1, nid, 0);    any number of pages, such as 64 MiB
 *     bootmem_pages_free_run(pfn, count);
 *
 * A kernel that includes bootmem.h alone links none of this.
 *
 * They can serve platform.late_allocate, so that alloc_bootmem() keeps working after the hand-over,
 * with a function like this one, where direct_map(0) is a pointer to physical address 0:
 *
 *     void *BOOTMEM_CALL late_allocate(void *context, size_t size, size_t align, int nid)
 *     {
 *       unsigned long bytes = size > align ? size : align, pfn;
 *       unsigned int order = 0;
 *
 *       while (order <= BOOTMEM_PAGES_MAX_ORDER && BOOTMEM_PAGE_SIZE << order < bytes)
 *         order++;
 *       pfn = bootmem_pages_allocate(order, nid, 0);
 *       return pfn == BOOTMEM_NO_PAGE ? NULL : memset(direct_map(pfn * BOOTMEM_PAGE_SIZE), 0, size);
 *     }
 *
 * Every allocation is then a block of pages, however small; no block is above the largest order, so
 * larger allocations fail.  Such memory is not freed by free_bootmem(), which works on boot memory
 * alone, but by bootmem_pages_free() with the order that was used.
 *
 * Not in Linux.  No call is a fault: an error changes nothing and is written to platform.write, but for
 * a call before bootmem_keep_pages(), a NULL, and an end that lies below the start or past all addresses.
 * There is no internal lock: only one of these functions may run at a time, so a kernel makes all
 * calls under one spinlock, with interrupts off. */
#ifndef BOOTMEM_PAGES_H
#define BOOTMEM_PAGES_H

#include "bootmem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No page. */
#define BOOTMEM_NO_PAGE (~0UL)

/* The largest order of a block: 1024 pages. */
#define BOOTMEM_PAGES_MAX_ORDER 10

/* Takes over the pages of bootmem: what is free can be allocated from here on, and the rest stays
 * reserved until bootmem_pages_release().  First allocates 1.06 bits per page, on i386 1.11, from
 * bootmem; the bitmaps stay in use.  Returns 0; -ENOMEM (-12) if there is no room for that; -EINVAL
 * (-22) before bootmem_setup(), without a node that has pages, and after a hand-over. */
BOOTMEM_CALL int bootmem_keep_pages(void);

/* Allocates 2^order pages, the first with a PFN divisible by that, all below limit_pfn (0: no
 * limit); on node nid or, if there is no such block, on another; nid -1: on any, in ascending
 * order.  The memory is not cleared.  Returns the first PFN, or BOOTMEM_NO_PAGE if there is none,
 * and for an order above 10, a node outside -1..BOOTMEM_MAX_NODES-1, or without bootmem_keep_pages().
 * A node that is not registered has no pages, so they are another's. */
BOOTMEM_CALL unsigned long bootmem_pages_allocate(unsigned int order, int nid,
    unsigned long limit_pfn);

/* bootmem_pages_allocate(), on no other node than nid. */
BOOTMEM_CALL unsigned long bootmem_pages_allocate_on(unsigned int order, int nid,
    unsigned long limit_pfn);

/* Frees the block of 2^order pages at pfn, or a run of as many at a multiple of that.  Returns 0;
 * -EINVAL (-22) for anything but the first page of one. */
BOOTMEM_CALL int bootmem_pages_free(unsigned long pfn, unsigned int order);

/* Allocates exactly count adjoining pages, also more than the largest order has, the first with a PFN
 * divisible by align, a power of two (0 counts as 1); otherwise like bootmem_pages_allocate().
 * BOOTMEM_NO_PAGE also for a count of 0 and any other align.  A run of up to 1024 pages comes from a
 * block, and what is left of that stays free; for others, and if there is no such block, all words
 * that are partly free are searched. */
BOOTMEM_CALL unsigned long bootmem_pages_allocate_run(unsigned long count, unsigned long align,
    int nid, unsigned long limit_pfn);

/* Frees a run, or a block, of count pages at pfn.  Returns 0; -EINVAL (-22) for anything but all the
 * pages of one. */
BOOTMEM_CALL int bootmem_pages_free_run(unsigned long pfn, unsigned long count);

/* Makes a run, or a block, of count pages at pfn one of new_count pages, in place: frees its last
 * pages, or allocates those after it, all below limit_pfn (0: no limit).  Returns 0; -ENOMEM (-12)
 * if those are not all free on its node; -EINVAL (-22) for a new_count of 0 and anything but a run. */
BOOTMEM_CALL int bootmem_pages_resize_run(unsigned long pfn, unsigned long count,
    unsigned long new_count, unsigned long limit_pfn);

/* Examines all memory that has not been examined since boot, which allocations otherwise do bit by
 * bit: a kernel calls this when it has time, so that no later call takes long. */
BOOTMEM_CALL void bootmem_pages_prepare(void);

/* Frees pages that have been reserved since before bootmem_keep_pages(), such as boot allocations,
 * init code and modules.  Returns 0; -EINVAL (-22) if one of them is not reserved since then, or
 * holds the bitmap in physical pages or the allocator's data of a node that has pages, and then none
 * is freed: the message says which page that is, and what lies there.  (A bitmap in the caller's own memory
 * is the caller's to keep.) free_bootmem_late() and bootmem_release_as() end up here. */
BOOTMEM_CALL int bootmem_pages_release(unsigned long start_pfn, unsigned long end_pfn);

/* What is free on a node. */
struct bootmem_pages_statistics {
  unsigned long free_pages; /* in blocks of all orders */
  /* Blocks of 2^i pages that are not part of a larger one. */
  unsigned long free_blocks[BOOTMEM_PAGES_MAX_ORDER + 1];
};

/* Counts what is free on a node.  It takes time for each 64 pages that are partly free, on i386 32.
 * Returns 0, also for a node that is not registered, which has none; -EINVAL (-22) for NULL, a node
 * outside 0..BOOTMEM_MAX_NODES-1, and without bootmem_keep_pages(). */
BOOTMEM_CALL int bootmem_pages_count(int nid, struct bootmem_pages_statistics *statistics);

#ifdef __cplusplus
}
#endif

#endif
