/* SPDX-License-Identifier: MIT */
/* The kernel's own header of this name, which stays as it is: functions as Linux 2.4 has them. */
extern unsigned long max_low_pfn, min_low_pfn, max_pfn;

unsigned long bootmem_bootmap_pages(unsigned long);
unsigned long init_bootmem(unsigned long, unsigned long);
unsigned long init_bootmem_node(pg_data_t *, unsigned long, unsigned long, unsigned long);
void reserve_bootmem(unsigned long, unsigned long);
void reserve_bootmem_node(pg_data_t *, unsigned long, unsigned long);
void free_bootmem(unsigned long, unsigned long);
void free_bootmem_node(pg_data_t *, unsigned long, unsigned long);
void *__alloc_bootmem(unsigned long, unsigned long, unsigned long);
void *__alloc_bootmem_node(pg_data_t *, unsigned long, unsigned long, unsigned long);
unsigned long free_all_bootmem(void);
unsigned long free_all_bootmem_node(pg_data_t *);
#define alloc_bootmem(x) __alloc_bootmem((x), SMP_CACHE_BYTES, 0)
