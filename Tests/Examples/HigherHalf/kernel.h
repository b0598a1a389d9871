/* What the parts of this kernel know of each other. */
#ifndef KERNEL_H
#define KERNEL_H

/* Physical memory is mapped from here on; the Makefile says so, to the linker script as well. */
#define OFFSET KERNEL_OFFSET

struct multiboot_info;

/* kernel.c */
void panic(const char *text) __attribute__((noreturn));

/* memory.c */
void memory_start(const struct multiboot_info *info);

/* start.S: of the address space's upper half this table maps the first 4 MiB at first.  Each table
 * that is put into it maps more. */
extern unsigned long upper_table[];
#if defined(__i386__)
enum { UPPER_FIRST = 768, TABLE_ENTRIES = 1024, ENTRY_REACH = 4096, ENTRY_FLAGS = 3 };
#else
enum { UPPER_FIRST = 0, TABLE_ENTRIES = 512, ENTRY_REACH = 0x200000, ENTRY_FLAGS = 0x83 };
#endif
#define TABLE_REACH ((unsigned long)TABLE_ENTRIES * ENTRY_REACH)

extern char image_start[], image_end[]; /* from the linker script, in the upper half */

#endif
