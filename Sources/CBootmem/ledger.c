/* SPDX-License-Identifier: MIT */
/* The storage of what the ledger keeps between calls: only kernels that call it have it. */
#include "bootmem_ledger_state.h"

_Alignas(16) unsigned char bootmem_ledger[BOOTMEM_LEDGER_SIZE];
