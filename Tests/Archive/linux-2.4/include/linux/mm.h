/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name, for a machine whose memory is an array
 * of the test. */
/* A kernel's own types, which may differ from a compiler's. */
typedef unsigned int size_t, uint32_t;
typedef unsigned char uint8_t;

typedef struct pglist_data {
	int node_id;
} pg_data_t;
struct page {
	int reserved, count, freed;
};
extern pg_data_t contig_page_data;
extern struct page mem_map[];
extern unsigned char memory[];
#define PAGE_SHIFT 12
#define PAGE_OFFSET ((unsigned long)memory)
#define SMP_CACHE_BYTES 32
#define MAX_ORDER 10
#define NODE_DATA(nid) (&contig_page_data)
#define __va(address) ((void *)((address) + PAGE_OFFSET))
#define virt_to_page(pointer) (mem_map + (((unsigned long)(pointer) - PAGE_OFFSET) >> PAGE_SHIFT))
#define ClearPageReserved(page) ((page)->reserved = 0)
#define set_page_count(page, value) ((page)->count = (value))
#define __free_page(page) ((page)->freed++)
