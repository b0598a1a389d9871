/* SPDX-License-Identifier: MIT */
/* The library's state between calls, and how its Swift side reaches it.  Not for kernels.
 *
 * It is plain .bss, defined in state.c: a Swift global with an initialiser would be set up on first
 * use, with a check in every call. */
#ifndef BOOTMEM_STATE_H
#define BOOTMEM_STATE_H

#include <stdbool.h>
#include <stddef.h>

/* Swift recognises the type by this name. */
#define BOOTMEM_SIZE_T size_t

/* Hidden, so that every reference is relative to the instruction and none goes through a GOT. */
#pragma GCC visibility push(hidden)

#include "bootmem.h"

struct bootmem_state {
  int debug; /* the value of bootmem_debug that is in force */
  struct bootmem_platform platform;
  /* Releases the whole pages of a range into the page allocator that has all pages; NULL while
   * there is none.  A refusal is a fault or a message, as is_fault says.  Returns 0 or -EINVAL. */
  int (*release_kept)(unsigned long physaddr, unsigned long size, bool is_fault) BOOTMEM_CALL;
};

extern struct bootmem_state bootmem_the_state;

/* Room for the allocator and its nodes, whose layout only Swift knows: it checks these sizes. */
enum { BOOTMEM_CORE_SIZE = 256, BOOTMEM_NODE_SHIFT = 8, BOOTMEM_NODE_SIZE = 1 << BOOTMEM_NODE_SHIFT };
extern unsigned char bootmem_core[BOOTMEM_CORE_SIZE];
extern unsigned char bootmem_nodes[BOOTMEM_MAX_NODES * BOOTMEM_NODE_SIZE];

/* Never defined: a build in which the room is too small refers to it, and does not link. */
void bootmem_room_is_too_small(void);

/* Nor is this, for a header of another page size than the modules were compiled for. */
void bootmem_page_sizes_differ(void);

/* Zeroes memory at the machine's own speed; see clear.c. */
void bootmem_clear(void *context, void *start, size_t length) BOOTMEM_CALL;
void bootmem_choose_clear(void);

#pragma GCC visibility pop

static inline struct bootmem_state *bootmem_state_pointer(void) { return &bootmem_the_state; }
static inline struct bootmem_platform *bootmem_platform_pointer(void)
{
  return &bootmem_the_state.platform;
}
/* Whether a platform is of this version of the struct, or of an earlier one. */
static inline bool bootmem_knows_platform(const struct bootmem_platform *platform)
{
  return platform->size == sizeof *platform
    || platform->size == offsetof(struct bootmem_platform, node_number);
}

/* Starts anew with a platform; fields that an earlier version lacks are 0. */
static inline void bootmem_start_state(const struct bootmem_platform *platform)
{
  bootmem_the_state = (struct bootmem_state){.debug = 0};
  __builtin_memcpy(&bootmem_the_state.platform, platform, platform->size);
}

static inline void *bootmem_core_pointer(void) { return bootmem_core; }
static inline void *bootmem_nodes_pointer(void) { return bootmem_nodes; }

/* The public variables, which Swift cannot name safely. */
static inline int bootmem_debug_value(void) { return bootmem_debug; }

static inline void bootmem_set_defaults(unsigned long goal, unsigned long cache_line_size)
{
  bootmem_default_goal = goal;
  bootmem_cache_line_size = cache_line_size;
}

static inline void bootmem_set_low_pfns(unsigned long minimum, unsigned long maximum)
{
  min_low_pfn = minimum;
  max_low_pfn = maximum;
}

#endif
