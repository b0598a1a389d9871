/* SPDX-License-Identifier: MIT */
/* The heap of bootmem_heap.h while a kernel is debugged: it finds writes beyond an allocation, writes to freed
 * memory, and memory that is freed twice.
 *
 * It is chosen when linking: the archive libbootmem_heap_debug.a stands in front of libbootmem.a,
 *
 *     ld ... libbootmem_heap_debug.a libbootmem.a
 *
 * and has every function of bootmem_heap.h.  Nothing else in the kernel changes; a kernel without that archive
 * contains none of this, not even code.
 *
 * At least 16 bytes of 0xbd follow each allocation, up to the end of its slot or of its pages.  They are
 * checked when it is freed or resized, and by bootmem_heap_check().  Freed memory is filled with bytes 0x6b,
 * which are checked when it is given out again or its pages go back, and by bootmem_heap_check().  The
 * last 16 allocations that were freed are not given out again until others are freed, bootmem_heap_trim() is
 * called or memory is short, so that one that is freed twice is noticed.
 *
 * What is found is written to platform.write, once, as a line with the size and the address of the allocation,
 * and its name if there is one:
 *
 *     memory check: 0x41 instead of 0xbd at 0x1000064, behind the end of 0x64 bytes at 0x1000000: log
 *     memory check: 0x41 instead of 0x6b at 0x1000000, in freed memory: 0x64 bytes at 0x1000000: log
 *     memory check: freed before: 0x64 bytes at 0x1000000: log
 *
 * Addresses are pointer values, not physical.  A write in front of an allocation is found if another one lies
 * there, and both are named.  Sizes and names lie in pages of their own, one for each page of slots and each
 * block of pages, so a write beyond an allocation does not reach them.
 *
 * bootmem_heap_size() returns the size that was asked for.  Not in Linux. */
#ifndef BOOTMEM_HEAP_DEBUG_H
#define BOOTMEM_HEAP_DEBUG_H

#include "bootmem_heap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Checks all red zones and all freed memory of the heap.  Returns how many places are not as they should be,
 * apart from those that have been written already. */
BOOTMEM_CALL unsigned long bootmem_heap_check(void);

/* Sets the function that names the allocation at a physical address; NULL for none.  It may be bootmem_name_of() of
 * bootmem_ledger.h, for what bootmem_label() has entered, or a function of the kernel's own.  It returns NULL for
 * an allocation without a name; a name must stay valid.  It is called when something is found, and at a free. */
BOOTMEM_CALL void bootmem_heap_set_names(const char *(*name)(unsigned long physical) BOOTMEM_CALL);

#ifdef __cplusplus
}
#endif

#endif
