/* SPDX-License-Identifier: MIT */
/* Who holds what: names for what is reserved and allocated, in storage that the kernel provides;
 * and a debug mode that finds writes to freed memory and beyond the end of an allocation.
 *
 *     static struct bootmem_entry entries[128];
 *
 *     bootmem_set_ledger(entries, 128);                          after bootmem_setup()
 *     bootmem_reserve_as(image, size, BOOTMEM_EXCLUSIVE, "kernel image");
 *     bootmem_allocate_as(&request, &physical, "page table of init");
 *     bootmem_label(physical, size, "log");                      what any other function allocated
 *     bootmem_print_ledger();                                    before the hand-over
 *     free_all_bootmem();
 *     bootmem_release_as("init code");                           and after it
 *
 * It is the ledger of the Swift package.  A kernel that includes bootmem.h alone links nothing of
 * it, and its calls cost nothing extra.  Not in Linux.  No call is a fault unless the function of bootmem.h behind
 * it faults; and a refusal changes nothing, neither here nor in memory, whether or not the fault returns.
 *
 * A full ledger reports that to platform.write, once, with the number of entries that it needs by
 * then, and continues counting: memory is given out whether or not there is room for its name. */
#ifndef BOOTMEM_LEDGER_H
#define BOOTMEM_LEDGER_H

#include "bootmem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Room for a range of memory and who holds it.  Need not be initialised; opaque. */
struct bootmem_entry {
  unsigned long content[4]; /* opaque */
};

/* Starts an empty ledger of `capacity` entries, or none for 0, without the debug mode.  It survives a
 * bootmem_setup().  Names are not copied: they must stay valid.  Returns 0; -EINVAL (-22) for storage
 * that is NULL. */
BOOTMEM_CALL int bootmem_set_ledger(struct bootmem_entry *storage, unsigned long capacity);

/* Switches the debug mode on, after bootmem_set_ledger() and before anything is entered:
 *
 * Memory that bootmem_free_as() frees, bitmaps aside, is filled with bytes 0x6b, and checked when
 * bootmem_allocate_as() gives it out again, cleared or not, and by bootmem_check_ledger().  It must
 * be mapped, and hold nothing that is still needed: the ranges of the memory map, in which the
 * kernel lies too, are for free_bootmem().  `freed` is room to note what was freed; once it is full,
 * freed memory is neither filled nor checked.  From the first bootmem_free_as() on, whatever is
 * allocated has to be entered, by bootmem_allocate_as() or bootmem_label(), before it is written to:
 * otherwise that looks like a write to freed memory.
 *
 * 16 bytes of 0xbd follow each allocation of bootmem_allocate_as() that is smaller than a page
 * and is cleared.  They are checked when a page is freed that has the allocation's end or any of
 * these bytes, and by bootmem_check_ledger().  So ALLOCATIONS ARE 16 BYTES LARGER, and lie
 * elsewhere than without the debug mode.
 *
 * A byte of another value is written to platform.write with its address and who held, or holds, the
 * memory: "memory check: 0x41 instead of 0xbd at 0x1000064, behind the end of log".  Memory whose
 * pointer would be NULL is not checked.  Returns 0; -EINVAL if `freed` is NULL. */
BOOTMEM_CALL int bootmem_start_checking(struct bootmem_entry *freed, unsigned long capacity);

/* Enters a range under a name.  Ranges may overlap: the one that was entered first names the
 * holder.  Returns 0; -ENOSPC (-28) if the ledger is full; -EINVAL for a NULL name, a size of 0,
 * a range beyond the address space, and without a ledger. */
BOOTMEM_CALL int bootmem_label(unsigned long start, unsigned long size, const char *name);

/* Takes a range out of the ledger, whoever holds it.  An entry that reaches beyond it on both sides
 * becomes two, both of which count as entered when it was. */
BOOTMEM_CALL void bootmem_unlabel(unsigned long start, unsigned long size);

/* Who holds a page: the name of the entry that was made first; NULL for none. */
BOOTMEM_CALL const char *bootmem_holder(unsigned long pfn);

/* Who holds a byte: the name of the entry that was made first; NULL for none.  It names the allocations of a heap
 * that bootmem_label() has entered: see bootmem_heap_debug.h. */
BOOTMEM_CALL const char *bootmem_name_of(unsigned long physical);

/* Where something was put: the first range with this name, for instance that of a device-tree node
 * that asks for memory without saying where, for which bootmem_allocate_as() found the memory.
 * Returns 0; -ENOENT (-2) if there is none; -EINVAL for a NULL name. */
BOOTMEM_CALL int bootmem_range_of(const char *name, unsigned long *start, unsigned long *size);

/* reserve_bootmem() and, if that returns 0, bootmem_label(); -EINVAL for a NULL name.  With -EBUSY, it is
 * written who is in the way: "bootmem: page 0x100 is reserved already; pages 0x100-0x1ff: kernel image". */
BOOTMEM_CALL int bootmem_reserve_as(unsigned long start, unsigned long size, int flags,
    const char *name);

/* bootmem_allocate() and, if that returns 0, bootmem_label(); -EINVAL for a NULL name, and without a ledger. */
BOOTMEM_CALL int bootmem_allocate_as(const struct bootmem_request *request, unsigned long *physical,
    const char *name);

/* free_bootmem(), and bootmem_unlabel() for the range's whole pages. */
BOOTMEM_CALL void bootmem_free_as(unsigned long start, unsigned long size);

/* Writes who holds what to platform.write, in ascending order, with totals for each name that has
 * several ranges, and for all. */
BOOTMEM_CALL void bootmem_print_ledger(void);

/* After the hand-over: releases what has this name, and takes it out of the ledger.  Of what
 * bootmem_reserve_as() has entered that is each page that it touches and no other entry does, of any other
 * entry each page that lies entirely in it and that no other entry touches; of both, only pages that lie in
 * a node.  They go to platform.release_pages by free_bootmem_late(), or into the page allocator that
 * bootmem_keep_pages() has made; if that refuses a run of pages, the entry stays from there on, and the
 * reason is written to platform.write.  Do not label memory
 * that is not usable.  Returns the number of pages; 0 before the hand-over. */
BOOTMEM_CALL unsigned long bootmem_release_as(const char *name);

/* The debug mode's check of all that was freed and of all that is allocated, to be made before the
 * hand-over.  Returns how many ranges are not as they should be. */
BOOTMEM_CALL unsigned long bootmem_check_ledger(void);

#ifdef __cplusplus
}
#endif

#endif
