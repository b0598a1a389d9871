/* SPDX-License-Identifier: MIT */
/* The state of the caches between calls; see bootmem_state.h.  Not for kernels. */
#ifndef BOOTMEM_CACHES_STATE_H
#define BOOTMEM_CACHES_STATE_H

#pragma GCC visibility push(hidden)

#include "bootmem_caches.h"

/* Room for what is known about all caches; Swift checks the size.  All zeros mean no caches. */
enum { BOOTMEM_CACHES_CORE_SIZE = 64 };
extern unsigned char bootmem_caches_core[BOOTMEM_CACHES_CORE_SIZE];

#pragma GCC visibility pop

static inline void *bootmem_caches_core_pointer(void) { return bootmem_caches_core; }

#endif
