/* What the parts of this kernel know of each other. */
#ifndef KERNEL_H
#define KERNEL_H

struct multiboot_info;

/* kernel.c */
void panic(const char *text) __attribute__((noreturn));

/* memory.c */
void memory_start(const struct multiboot_info *info);
void memory_hand_over(void);

/* pages.c */
unsigned long pages_map_size(unsigned long count);
void pages_start(unsigned char *zeroed, unsigned long count);
void page_free(unsigned long pfn);
unsigned long page_allocate(void);

extern char image_start[], image_end[]; /* from the linker script */

#endif
