/* SPDX-License-Identifier: MIT */
/* What the parts of this kernel know of each other. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>
#include "bootmem_pages.h"

/* Physical memory is mapped from here on; the Makefile says so, to the linker script as well. */
#define OFFSET KERNEL_OFFSET

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)
#define CHECK(condition) do { if (!(condition)) panic("failed: " #condition); } while (0)

struct range { uint64_t start, end; }; /* of physical addresses; the end is not part of it */

extern char image_start[], image_end[]; /* from the linker script, in the upper half */

/* How far start.S maps memory, and the table by which it does so in the upper half: each table that is
 * put into it maps more. */
#define MAPPED_AT_FIRST (4UL << 20)
extern unsigned long upper_table[];
#if defined(__i386__)
enum { UPPER_FIRST = 768, TABLE_ENTRIES = 1024, ENTRY_REACH = 4096, ENTRY_FLAGS = 3 };
#define REACH (896UL << 20) /* the direct map ends there, below the end of the address space */
#else
enum { UPPER_FIRST = 0, TABLE_ENTRIES = 512, ENTRY_REACH = 0x200000, ENTRY_FLAGS = 0x83 };
#define REACH (64UL << 30) /* the bitmap of more would not lie in what is mapped at first */
#endif
#define TABLE_REACH ((unsigned long)TABLE_ENTRIES * ENTRY_REACH)

/* The machine calls this, with what its firmware calls usable below REACH, in any order. */
__attribute__((noreturn)) void kernel_start(const struct range *usable, unsigned count);

__attribute__((noreturn)) void panic(const char *text);

/* What the machine has: a console, and an end of the run, for the test. */
void machine_put(char character);
__attribute__((noreturn)) void machine_leave(int success);

/* Boot memory. */
void memory_start(const struct range *usable, unsigned count);

#endif
