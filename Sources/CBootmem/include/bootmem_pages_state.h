/* SPDX-License-Identifier: MIT */
/* The state of the page allocator between calls; see bootmem_state.h.  Not for kernels. */
#ifndef BOOTMEM_PAGES_STATE_H
#define BOOTMEM_PAGES_STATE_H

#pragma GCC visibility push(hidden)

#include "bootmem_pages.h"

/* Room for the allocator and its nodes; Swift checks these sizes. */
enum { BOOTMEM_PAGES_CORE_SIZE = 64, BOOTMEM_PAGES_NODE_SIZE = 320 };
extern unsigned char bootmem_pages_core[BOOTMEM_PAGES_CORE_SIZE];
extern unsigned char bootmem_pages_nodes[BOOTMEM_MAX_NODES * BOOTMEM_PAGES_NODE_SIZE];

#pragma GCC visibility pop

static inline void *bootmem_pages_core_pointer(void) { return bootmem_pages_core; }
static inline void *bootmem_pages_nodes_pointer(void) { return bootmem_pages_nodes; }

#endif
