/* SPDX-License-Identifier: MIT */
/* The storage of what the heap keeps between calls: only kernels that call it have it. */
#include "bootmem_heap_state.h"

_Alignas(16) unsigned char bootmem_heap_core[BOOTMEM_HEAP_CORE_SIZE];
struct bootmem_heap_state bootmem_heap_the_state;
