/* SPDX-License-Identifier: MIT */
/* What the parts of this kernel know of each other. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include "bootmem.h"

#define PFN_UP(address) (((address) + BOOTMEM_PAGE_SIZE - 1) / BOOTMEM_PAGE_SIZE)
#define CHECK(condition) do { if (!(condition)) panic("failed: " #condition); } while (0)

struct range { uint64_t start, end; }; /* of physical addresses; the end is not part of it */

extern char image_start[], image_end[]; /* from the linker script */
extern char stack[], stack_top[];       /* from the start code */

/* The machine calls this, with what its firmware calls usable, in any order. */
__attribute__((noreturn)) void kernel_start(const struct range *usable, unsigned count);

void say(const char *text);
__attribute__((noreturn)) void panic(const char *text);

/* What the machine has: a console, and an end of the run, for the test. */
void machine_put(char character);
__attribute__((noreturn)) void machine_leave(int success);

/* Boot memory. */
void memory_start(const struct range *usable, unsigned count);
void memory_hand_over(void);

/* The page allocator. */
unsigned long pages_map_size(unsigned long count);
void pages_start(unsigned char *zeroed, unsigned long count);
void page_free(unsigned long pfn);
unsigned long page_allocate(void);

#endif
