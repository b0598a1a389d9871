/* SPDX-License-Identifier: MIT */
/* Objects of any size: from bootmem before the hand-over, from the kept pages of bootmem_pages.h after it,
 * or from a page allocator of the kernel's own.
 *
 *     struct thing *thing = bootmem_heap_allocate(sizeof *thing);
 *     thing = bootmem_heap_resize(thing, 2 * sizeof *thing);
 *     bootmem_heap_free(thing);
 *
 * Sizes up to half a page share pages of slots of one size, larger ones have exactly the pages that
 * they need.  None of the heap's own data lies beside an allocation, so a write beyond one
 * damages its neighbour but not the heap; and a pointer is looked up, not followed, so every wrong
 * one is refused.  What was allocated before the hand-over stays where it is, and is
 * freed like the rest.  Kept pages too lie below bootmem_set_mapped_end(), while there is such an end.
 *
 * There is nothing to set up after bootmem_setup(); see bootmem_heap_set_source() for pages of the
 * kernel's own.  A kernel that does not include this header links nothing of it.  To find writes beyond
 * an allocation and after a free, see bootmem_heap_debug.h.  Not in Linux.
 *
 * No call is a fault: an error changes nothing, and is written to platform.write, but for those of
 * bootmem_heap_count() and bootmem_heap_set_source().  There is no internal lock: only one of these
 * functions, and of those of the pages underneath, may run at a time, so a kernel makes all calls
 * under one spinlock, with interrupts off. */
#ifndef BOOTMEM_HEAP_H
#define BOOTMEM_HEAP_H

#include "bootmem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Allocates size bytes, aligned to 16; a size of 0 counts as 1.  The memory is not cleared.  Returns NULL
 * where memory is short.
 *
 * The first allocation also makes the pages of the index, which takes four times as long.  If it is freed
 * at once, they stay, for a kernel that has the time then and not later. */
BOOTMEM_CALL void *bootmem_heap_allocate(BOOTMEM_SIZE_T size);

/* The same, with a physical address that is divisible by align, a power of two; so is the pointer if
 * platform.direct_map_offset is.  NULL also for any other align. */
BOOTMEM_CALL void *bootmem_heap_allocate_aligned(BOOTMEM_SIZE_T size, BOOTMEM_SIZE_T align);

/* The same as bootmem_heap_allocate(), with memory that is all zeros. */
BOOTMEM_CALL void *bootmem_heap_allocate_zeroed(BOOTMEM_SIZE_T size);

/* Gives an allocation another size, in place if its slot or the pages after it allow that; otherwise elsewhere,
 * aligned to 16, with the same content up to the smaller size.  NULL allocates.  Returns where the allocation
 * is; NULL if memory is short, or the pointer is wrong, and then the allocation is unchanged. */
BOOTMEM_CALL void *bootmem_heap_resize(void *memory, BOOTMEM_SIZE_T size);

/* Frees an allocation.  Returns 0, also for NULL; -EINVAL (-22) for every other pointer: one that was freed
 * before, points into an allocation, or was never given out.  Also -EINVAL if this free gives back pages
 * that another caller has freed; it may be a later one that does. */
BOOTMEM_CALL int bootmem_heap_free(void *memory);

/* How many bytes an allocation has, all of which may be used: at least as many as were asked for.  0 for
 * NULL and for every wrong pointer. */
BOOTMEM_CALL BOOTMEM_SIZE_T bootmem_heap_size(const void *memory);

/* Gives back the pages that are kept for later: one empty page of each size of slots, 22 at most with pages
 * of 4 KiB; blocks of up to 16 pages, together 16 pages or an eighth of all that the heap has, or more where
 * that has become less, of which each free that gives back a page gives back two; and one page of the index.
 * Returns how many were taken back; a heap in which nothing is allocated has no pages then.  Takes the longer
 * the more such blocks there are, and so does an allocation for which memory is short. */
BOOTMEM_CALL unsigned long bootmem_heap_trim(void);

/* What the heap holds. */
struct bootmem_heap_statistics {
  unsigned long allocations; /* that have not been freed */
  unsigned long pages;       /* that they lie in, and those kept for later */
  unsigned long index_pages; /* that these are found by */
  /* That were not taken back when the heap was done with them, for instance when a resize had moved what lay
   * in them: they are the heap's no more. */
  unsigned long refused_pages;
};

/* Stores what the heap holds.  Returns 0; -EINVAL (-22) for NULL. */
BOOTMEM_CALL int bootmem_heap_count(struct bootmem_heap_statistics *statistics);

/* For bootmem_heap_source.flags. */
enum {
  /* Every page that the source gives is all zeros. */
  BOOTMEM_HEAP_CLEARED = 1 << 0
};

/* A page allocator of the kernel's own. */
struct bootmem_heap_source {
  /* sizeof(struct bootmem_heap_source): a library that does not know this struct refuses it. */
  BOOTMEM_SIZE_T size;
  unsigned int flags; /* of BOOTMEM_HEAP_CLEARED */

  /* Handed to both; may be NULL. */
  void *context;

  /* Allocates `count` adjoining pages of the direct map, the first with a PFN divisible by `align`, a
   * power of two, mostly 1.  Returns the first PFN, or ~0UL if there are none. */
  unsigned long (*allocate)(void *context, unsigned long count, unsigned long align) BOOTMEM_CALL;

  /* Takes such pages back, exactly as many as `allocate` gave.  Returns 0 if it did. */
  int (*free)(void *context, unsigned long pfn, unsigned long count) BOOTMEM_CALL;
};

/* Starts an empty heap, whatever was allocated before, served by this source, which is copied; NULL: by
 * bootmem and its kept pages, as without this call.  Call it after bootmem_setup(), whose direct map
 * and write() it uses, and again after another bootmem_setup(), with NULL too: otherwise the heap goes on
 * with pages that are free for the new bootmem.  Returns 0; -EINVAL (-22) for a source with another size,
 * unknown flags, or without a function. */
BOOTMEM_CALL int bootmem_heap_set_source(const struct bootmem_heap_source *source);

#ifdef BOOTMEM_KERNEL_NAMES
/* The first argument, for what follows: flags such as GFP_KERNEL are left out. */
#define BOOTMEM_FIRST(first, ...) first

/* The first two arguments. */
#define BOOTMEM_FIRST_TWO(first, second, ...) first, second

/* Linux's name for bootmem_heap_allocate(); flags after the size are ignored. */
#define kmalloc(...) bootmem_heap_allocate(BOOTMEM_FIRST(__VA_ARGS__, 0))

/* Linux's name for bootmem_heap_allocate_zeroed(); flags after the size are ignored. */
#define kzalloc(...) bootmem_heap_allocate_zeroed(BOOTMEM_FIRST(__VA_ARGS__, 0))

/* Linux's name for bootmem_heap_resize(); flags after the size are ignored. */
#define krealloc(...) bootmem_heap_resize(BOOTMEM_FIRST_TWO(__VA_ARGS__, 0, 0))

/* Linux's name for bootmem_heap_free(). */
#define kfree(memory) ((void)bootmem_heap_free((void *)(memory)))
#endif

#ifdef __cplusplus
}
#endif

#endif
