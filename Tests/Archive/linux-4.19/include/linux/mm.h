/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name, for a machine with one node, whose memory is an
 * array of the test. */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H
/* A kernel's own types, which may differ from a compiler's. */
typedef unsigned int size_t, uint32_t;

enum { MAX_NR_ZONES = 2 };
struct zone {
	unsigned long managed_pages;
};
typedef struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	int node_id;
} pg_data_t;
struct page {
	int freed;
};
extern pg_data_t contig_page_data;
extern struct page mem_map[];
extern unsigned char memory[];
extern unsigned long totalram_pages;
/* A kernel's own function, whose name the adapter leaves alone. */
void release_pages(struct page **pages, int count);
#define PAGE_SHIFT 12
#define SMP_CACHE_BYTES 64
#define MAX_ORDER 11
#define NODE_DATA(nid) (&contig_page_data)
#define for_each_online_pgdat(pgdat) \
	for (pgdat = &contig_page_data; pgdat; pgdat = (pg_data_t *)0)
#define __va(address) ((void *)((unsigned long)(address) + (unsigned long)memory))
#define __pa(address) ((unsigned long)(address) - (unsigned long)memory)
#define pfn_to_page(pfn) (mem_map + (pfn))
#endif
