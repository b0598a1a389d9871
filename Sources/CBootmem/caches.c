/* SPDX-License-Identifier: MIT */
/* The storage of what is known of the caches: only kernels that call them have it. */
#include "bootmem_caches_state.h"

_Alignas(16) unsigned char bootmem_caches_core[BOOTMEM_CACHES_CORE_SIZE];
