/* SPDX-License-Identifier: MIT */
/* The storage of everything that the library keeps between calls. */
#include "bootmem_state.h"

struct bootmem_state bootmem_the_state;

_Alignas(16) unsigned char bootmem_core[BOOTMEM_CORE_SIZE];
_Alignas(16) unsigned char bootmem_nodes[BOOTMEM_MAX_NODES * BOOTMEM_NODE_SIZE];
