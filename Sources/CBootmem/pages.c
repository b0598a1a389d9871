/* SPDX-License-Identifier: MIT */
/* The storage of what the page allocator keeps between calls: only kernels that call it have it. */
#include "bootmem_pages_state.h"

_Alignas(16) unsigned char bootmem_pages_core[BOOTMEM_PAGES_CORE_SIZE];
_Alignas(16) unsigned char bootmem_pages_nodes[BOOTMEM_MAX_NODES * BOOTMEM_PAGES_NODE_SIZE];
