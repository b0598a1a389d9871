/* SPDX-License-Identifier: MIT */
/* What page allocator and heap know of each other: an object that comes with either. */
#include "bootmem_heap_state.h"

struct bootmem_kept_pages bootmem_kept;
