/* SPDX-License-Identifier: MIT */
/* The kernel's own header of this name, which stays as it is: functions as Linux 4.19 has them. */
#ifndef _LINUX_BOOTMEM_H
#define _LINUX_BOOTMEM_H
#include <linux/mm.h>
#include <asm/dma.h>

#define BOOTMEM_DEFAULT 0
#define BOOTMEM_EXCLUSIVE 1
#define BOOTMEM_LOW_LIMIT __pa(MAX_DMA_ADDRESS)

extern unsigned long max_low_pfn, min_low_pfn, max_pfn;

unsigned long bootmem_bootmap_pages(unsigned long);
unsigned long init_bootmem(unsigned long, unsigned long);
unsigned long free_all_bootmem(void);
void reset_all_zones_managed_pages(void);
void free_bootmem(unsigned long, unsigned long);
void free_bootmem_node(pg_data_t *, unsigned long, unsigned long);
void free_bootmem_late(unsigned long, unsigned long);
int reserve_bootmem(unsigned long, unsigned long, int);
int reserve_bootmem_node(pg_data_t *, unsigned long, unsigned long, int);
void *__alloc_bootmem(unsigned long, unsigned long, unsigned long);
void *__alloc_bootmem_node(pg_data_t *, unsigned long, unsigned long, unsigned long);
#define alloc_bootmem(x) __alloc_bootmem((x), SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)
#endif
