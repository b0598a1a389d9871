/* SPDX-License-Identifier: MIT */
/* The state of the ledger between calls; see bootmem_state.h.  Not for kernels. */
#ifndef BOOTMEM_LEDGER_STATE_H
#define BOOTMEM_LEDGER_STATE_H

#pragma GCC visibility push(hidden)

#include "bootmem_ledger.h"

/* Room for the ledger; Swift checks this size, and that of an entry. */
enum { BOOTMEM_LEDGER_SIZE = 128, BOOTMEM_ENTRY_SIZE = sizeof(struct bootmem_entry) };
extern unsigned char bootmem_ledger[BOOTMEM_LEDGER_SIZE];

#pragma GCC visibility pop

static inline void *bootmem_ledger_pointer(void) { return bootmem_ledger; }

/* Zeroes memory that was allocated at a NULL pointer, which Swift cannot express. */
static inline void bootmem_clear_at_null(unsigned long size)
{
  for (volatile unsigned char *byte = 0; size > 0; size--) *byte++ = 0;
}

#endif
