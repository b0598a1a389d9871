/* SPDX-License-Identifier: MIT */
/* For Linux 2.4, in place of its mm/bootmem.c: the functions of its <linux/bootmem.h>, which have
 * other parameters than later ones, over a library whose names bear a prefix:
 *
 *     scripts/build-library i386 --prefix lib_       and -I build/lib_/include for this file
 *
 * Nothing else of the kernel changes. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/bootmem.h>

#define BOOTMEM_NO_MACROS
#include "bootmem.h"

unsigned long max_low_pfn, min_low_pfn, max_pfn;

static void BOOTMEM_CALL write(void *context, const char *text, BOOTMEM_SIZE_T length)
{
	printk("%.*s", (int)length, text);
}

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
	panic("%s", message);
}

static void BOOTMEM_CALL release_pages(void *context, unsigned long pfn, unsigned int order,
	int nid)
{
	struct page *page = virt_to_page(__va(pfn << PAGE_SHIFT)), *end = page + (1UL << order);

	for (; page < end; page++) {
		ClearPageReserved(page);
		set_page_count(page, 1);
		__free_page(page);
	}
}

/* The first call of all registers a node: nothing of the kernel runs before it. */
static lib_pg_data_t *first_use(int nid)
{
	static struct lib_bootmem_platform platform;

	if (platform.size == 0) {
		platform.size = sizeof platform;
		platform.direct_map_offset = PAGE_OFFSET;
		platform.cache_line_size = SMP_CACHE_BYTES;
		platform.max_order = MAX_ORDER - 1;
		platform.write = write;
		platform.fault = fault;
		platform.release_pages = release_pages;
		lib_bootmem_setup(&platform);
	}
	return lib_bootmem_node(nid);
}

unsigned long init_bootmem_node(pg_data_t *pgdat, unsigned long map, unsigned long start,
	unsigned long end)
{
	return lib_init_bootmem_node(first_use(pgdat->node_id), map, start, end);
}

unsigned long init_bootmem(unsigned long map, unsigned long pages)
{
	min_low_pfn = map;
	max_low_pfn = pages;
	return lib_init_bootmem_node(first_use(0), map, 0, pages);
}

/* Two arguments, where later kernels pass flags as well. */
void reserve_bootmem(unsigned long address, unsigned long size)
{
	lib_reserve_bootmem(address, size, BOOTMEM_DEFAULT);
}

void reserve_bootmem_node(pg_data_t *pgdat, unsigned long address, unsigned long size)
{
	lib_reserve_bootmem_node(lib_bootmem_node(pgdat->node_id), address, size, BOOTMEM_DEFAULT);
}

void free_bootmem(unsigned long address, unsigned long size)
{
	lib_free_bootmem(address, size);
}

void free_bootmem_node(pg_data_t *pgdat, unsigned long address, unsigned long size)
{
	lib_free_bootmem_node(lib_bootmem_node(pgdat->node_id), address, size);
}

void *__alloc_bootmem(unsigned long size, unsigned long align, unsigned long goal)
{
	return lib___alloc_bootmem(size, align, goal);
}

void *__alloc_bootmem_node(pg_data_t *pgdat, unsigned long size, unsigned long align,
	unsigned long goal)
{
	return lib___alloc_bootmem_node(lib_bootmem_node(pgdat->node_id), size, align, goal);
}

unsigned long bootmem_bootmap_pages(unsigned long pages)
{
	return lib_bootmem_bootmap_pages(pages);
}

unsigned long free_all_bootmem(void)
{
	return lib_free_all_bootmem();
}

/* The first call hands over every node, and returns the pages of all; the others find nothing. */
unsigned long free_all_bootmem_node(pg_data_t *pgdat)
{
	return lib_free_all_bootmem();
}
