/* SPDX-License-Identifier: MIT */
/* The state of the heap between calls; see bootmem_state.h.  Not for kernels. */
#ifndef BOOTMEM_HEAP_STATE_H
#define BOOTMEM_HEAP_STATE_H

#pragma GCC visibility push(hidden)

#include "bootmem_heap_debug.h"

/* Room for the heap; Swift checks the size.  All zeros mean a heap without memory. */
#ifdef BOOTMEM_HEAP_DEBUG
enum { BOOTMEM_HEAP_CORE_SIZE = 1280 };
#else
enum { BOOTMEM_HEAP_CORE_SIZE = 896 };
#endif
extern unsigned char bootmem_heap_core[BOOTMEM_HEAP_CORE_SIZE];

struct bootmem_heap_state {
  int is_started;
  struct bootmem_heap_source source; /* zeros: bootmem */
#ifdef BOOTMEM_HEAP_DEBUG
  const char *(*name)(unsigned long physical) BOOTMEM_CALL;
#endif
};
extern struct bootmem_heap_state bootmem_heap_the_state;

/* How the heap reaches the kept pages if a kernel keeps them, and links no page allocator if it does not:
 * bootmem_keep_pages() stores these.  Each returns what its counterpart in bootmem_pages.h returns, and
 * writes nothing. */
struct bootmem_kept_pages {
  unsigned long (*allocate)(unsigned long count, unsigned long align, int nid,
      unsigned long limit_pfn);
  int (*free)(unsigned long pfn, unsigned long count);
  int (*resize)(unsigned long pfn, unsigned long count, unsigned long new_count,
      unsigned long limit_pfn);
};
extern struct bootmem_kept_pages bootmem_kept;

#pragma GCC visibility pop

static inline void *bootmem_heap_core_pointer(void) { return bootmem_heap_core; }
static inline struct bootmem_heap_state *bootmem_heap_state_pointer(void)
{
  return &bootmem_heap_the_state;
}
static inline struct bootmem_kept_pages *bootmem_kept_pointer(void) { return &bootmem_kept; }

#endif
