/* SPDX-License-Identifier: MIT */
/* For Linux 4.19, in place of its mm/bootmem.c: libbootmem.a has the functions of that file under their own
 * names, so no prefix is needed, and every other file of the kernel goes on including its <linux/bootmem.h>.
 * What that file has beside them is here: the first call sets the library up, and the hand-over counts pages.
 *
 *     mm/Makefile:  CFLAGS_bootmem.o += -I…/build/include
 *     Makefile:     KBUILD_VMLINUX_LIBS += …/build/x86_64/libbootmem.a      behind the others
 */
/* Here the library's header takes its place. */
#define _LINUX_BOOTMEM_H
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/dma.h>

#include "internal.h"

#define BOOTMEM_NO_MACROS
#include "bootmem.h"

#ifndef ARCH_LOW_ADDRESS_LIMIT
#define ARCH_LOW_ADDRESS_LIMIT 0xffffffffUL
#endif

#ifndef CONFIG_NEED_MULTIPLE_NODES
struct pglist_data __refdata contig_page_data;
EXPORT_SYMBOL(contig_page_data);
#endif

/* ---- What the kernel counts ---- */

void __init reset_node_managed_pages(pg_data_t *pgdat)
{
	struct zone *zone = pgdat->node_zones;

	for (; zone < pgdat->node_zones + MAX_NR_ZONES; zone++)
		zone->managed_pages = 0;
}

void __init reset_all_zones_managed_pages(void)
{
	static int is_reset __initdata;
	pg_data_t *pgdat;

	if (is_reset)
		return;
	is_reset = 1;
	for_each_online_pgdat(pgdat)
		reset_node_managed_pages(pgdat);
}

/* ---- What the library asks for ---- */

static void BOOTMEM_CALL write(void *context, const char *text, BOOTMEM_SIZE_T length)
{
	printk(KERN_INFO "%.*s", (int)length, text);
}

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
	panic("%s", message);
}

static int BOOTMEM_CALL node_number(void *context, const pg_data_t *pgdat)
{
	return pgdat->node_id;
}

/* The library, which is no init code, keeps this function's address; it is called during init, and so it may
 * call init code: hence __ref. */
static void __ref BOOTMEM_CALL release_block(void *context, unsigned long pfn, unsigned int order,
	int nid)
{
	reset_all_zones_managed_pages();
	__free_pages_bootmem(pfn_to_page(pfn), pfn, order);
	totalram_pages += 1UL << order;
}

static void *__ref BOOTMEM_CALL late_allocate(void *context, BOOTMEM_SIZE_T size,
	BOOTMEM_SIZE_T align, int nid)
{
	return kzalloc_node(size, GFP_NOWAIT, nid);
}

/* ---- Setting it up ---- */

/* What comes before the first node.  An architecture that calls init_bootmem_node() itself, for nodes of
 * its own, calls this first. */
void __init bootmem_set_up_once(void)
{
	static struct bootmem_platform platform __initdata;

	if (platform.size)
		return;
	platform.size = sizeof platform;
	platform.direct_map_offset = (unsigned long)__va(0);
	platform.cache_line_size = SMP_CACHE_BYTES;
	platform.max_dma_address = __pa(MAX_DMA_ADDRESS);
	platform.low_address_limit = ARCH_LOW_ADDRESS_LIMIT;
#ifdef MAX_DMA32_PFN
	platform.max_dma32_pfn = MAX_DMA32_PFN;
#endif
	platform.max_order = MAX_ORDER - 1;
	platform.write = write;
	platform.fault = fault;
	platform.release_pages = release_block;
	platform.late_allocate = late_allocate;
	platform.node_number = node_number;
	bootmem_setup(&platform);
}

/* Linked in place of the archive's. */
unsigned long BOOTMEM_CALL __init init_bootmem(unsigned long map, unsigned long pages)
{
	bootmem_set_up_once();
	min_low_pfn = map;
	max_low_pfn = pages;
	return init_bootmem_node(NODE_DATA(0), map, 0, pages);
}

static int __init bootmem_debug_setup(char *text)
{
	bootmem_debug = 1;
	return 0;
}
early_param("bootmem_debug", bootmem_debug_setup);
