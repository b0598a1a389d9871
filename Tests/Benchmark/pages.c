/* SPDX-License-Identifier: MIT */
/* What pages cost after the hand-over: the archive's page allocator, or with -DBUDDY a textbook one.
 *
 *     pages CASE              runs one case; `measured` is the function to count in
 *     pages --list            prints the names of the cases
 *     pages --whole PERCENT   prints how many aligned 2 MiB blocks are free in the mix at so many per
 *                             cent full, and how many there could be
 *     pages --metadata        prints the bits of metadata for each page of 64 GiB
 *
 * A case prints `N operations, T ns per operation`.  What is given out is checked for alignment and
 * overlap, and in the end everything must be free again.
 */
#include <bootmem_pages.h>

#include "buddy.h"
#include "measuring.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB (1024ul * 1024ul)
#define GIB (1024ul * MIB)
#define PAGE 4096ul

/* What lies below here is not given out; the bitmap and what is allocated for the page allocator
 * are there. */
#define START (64 * MIB)
#define BITMAP_START (1 * MIB)
#define OWN_START (16 * MIB)

static void die(const char *text)
{
	fprintf(stderr, "pages: %s\n", text);
	exit(1);
}

/* ---- The two allocators ---- */

/* Two programs are made of this file, so that each calls its allocator directly. */
#ifdef BUDDY

static unsigned long end_pfn;

static inline unsigned long allocate(unsigned int order) { return buddy_allocate(order); }
static inline void release(unsigned long pfn, unsigned int order) { buddy_free(pfn, order); }

/* It has one node. */
static void prefer_node(void) {}
static void use_only_node(void) {}

/* Nothing counts its free pages. */
static unsigned long free_pages(void) { return 0; }

/* Pages for `size` bytes from START on, all free. */
static void set_up(unsigned long size)
{
	end_pfn = (START + size) / PAGE;
	buddy_set_up(START / PAGE, end_pfn);
}

#else

/* Which call is measured, and the node that it names; as many instructions as with constants. */
static unsigned long (*allocate_block)(unsigned int, int, unsigned long) = bootmem_pages_allocate;
static int nid = -1;

static void prefer_node(void) { nid = 0; }

static void use_only_node(void)
{
	nid = 0;
	allocate_block = bootmem_pages_allocate_on;
}

static inline unsigned long allocate(unsigned int order)
{
	return allocate_block(order, nid, 0);
}

static inline void release(unsigned long pfn, unsigned int order)
{
	if (bootmem_pages_free(pfn, order) != 0)
		die("a free was refused");
}

static unsigned long end_pfn;

static void on_fault(void *context, int code, const char *message)
{
	(void)context;
	(void)code;
	die(message);
}

static unsigned long free_pages(void)
{
	struct bootmem_pages_statistics statistics;

	if (bootmem_pages_count(0, &statistics) != 0)
		die("nothing to count");
	return statistics.free_pages;
}

/* Pages for `size` bytes from START on, all free. */
static void set_up(unsigned long size)
{
	end_pfn = (START + size) / PAGE;
	void *arena = mmap(NULL, START, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		die("no memory");
	struct bootmem_platform platform = {
		.size = sizeof platform,
		.direct_map_offset = (uintptr_t)arena,
		.max_dma_address = OWN_START,
		.max_order = 10,
		.fault = on_fault,
	};
	if (bootmem_setup(&platform) != 0)
		die("bootmem_setup refused");
	init_bootmem_node(bootmem_node(0), BITMAP_START / PAGE, 0, end_pfn);
	/* Room for the allocator's own needs, of which nothing is left over. */
	free_bootmem(OWN_START, START - OWN_START);
	if (bootmem_keep_pages() != 0)
		die("bootmem_keep_pages refused");
	while (bootmem_pages_allocate(0, -1, 0) != BOOTMEM_NO_PAGE) {}
	if (bootmem_pages_release(START / PAGE, end_pfn) != 0)
		die("bootmem_pages_release refused");
}

#endif

/* ---- Work ---- */

/* Small, so that reading the list costs few cache misses. */
struct block {
	unsigned int pfn : 28;
	unsigned int order : 4;
};

static struct block *blocks;
static unsigned long block_count;

static void shuffle(void)
{
	for (unsigned long i = block_count; i > 1; i--) {
		unsigned long other = next_random() % i;
		struct block block = blocks[i - 1];

		blocks[i - 1] = blocks[other];
		blocks[other] = block;
	}
}

static unsigned char *owners;

static void mark_blocks(void)
{
	if (owners == NULL)
		owners = malloc(end_pfn);
	memset(owners, 0, end_pfn);
	for (unsigned long i = 0; i < block_count; i++) {
		unsigned long size = 1UL << blocks[i].order, pfn = blocks[i].pfn;

		if (pfn % size != 0 || pfn < START / PAGE || pfn + size > end_pfn)
			die("a block is misplaced");
		for (unsigned long page = pfn; page < pfn + size; page++)
			if (owners[page]++ != 0)
				die("blocks overlap");
	}
}

static void unmeasured(void (*run)(unsigned long, unsigned long), unsigned long from,
		       unsigned long to)
{
	run(from, to);
}

static void measure(void (*run)(unsigned long, unsigned long), unsigned long from,
		    unsigned long to)
{
	measure_calls(run, from, to, to - from);
}

static void allocate_blocks(unsigned long from, unsigned long to)
{
	for (struct block *block = blocks + from, *end = blocks + to; block < end; block++)
		block->pfn = (unsigned int)allocate(block->order) & 0xfffffff;
}

static void free_blocks(unsigned long from, unsigned long to)
{
	for (struct block *block = blocks + from, *end = blocks + to; block < end; block++)
		release(block->pfn, block->order);
}

static void pairs(unsigned long from, unsigned long to)
{
	unsigned int order = blocks[0].order;

	for (unsigned long i = from; i < to; i++)
		release(allocate(order), order);
}

static void use_blocks(unsigned long count, unsigned int order)
{
	blocks = calloc(count, sizeof *blocks);
	block_count = count;
	for (unsigned long i = 0; i < count; i++)
		blocks[i].order = order;
}

static void run_pairs(unsigned int order)
{
	use_blocks(1, order);
	measure(pairs, 0, 100000);
	block_count = 0;
}

static void run_bulk(unsigned long count, unsigned int order, int measures_frees, int in_order)
{
	use_blocks(count, order);
	(measures_frees ? unmeasured : measure)(allocate_blocks, 0, count);
	mark_blocks();
	if (!in_order)
		shuffle();
	(measures_frees ? measure : unmeasured)(free_blocks, 0, count);
	block_count = 0;
}

/* ---- The mix: order k with a probability of 2^-(k+1), some per cent of all pages in use ---- */

static unsigned long used_pages;

static unsigned int random_order(void)
{
	unsigned int order = (unsigned int)__builtin_ctzll(next_random() | 1ULL << 63);

	return order < BUDDY_MAX_ORDER ? order : BUDDY_MAX_ORDER;
}

/* Plans blocks until so many pages are used, and allocates them. */
static void fill(unsigned long pages, int measures)
{
	unsigned long first = block_count;

	while (used_pages < pages) {
		blocks[block_count].order = random_order();
		used_pages += 1UL << blocks[block_count++].order;
	}
	(measures ? measure : unmeasured)(allocate_blocks, first, block_count);
}

/* Frees blocks, which are at the end then. */
static void thin(unsigned long count, int measures)
{
	for (unsigned long i = 0; i < count; i++) {
		unsigned long last = block_count - 1 - i, other = next_random() % (last + 1);
		struct block block = blocks[other];

		blocks[other] = blocks[last];
		blocks[last] = block;
		used_pages -= 1UL << block.order;
	}
	(measures ? measure : unmeasured)(free_blocks, block_count - count, block_count);
	block_count -= count;
}

static void run_mix(unsigned int percent, int measures_allocations, int measures_frees)
{
	unsigned long pages = (end_pfn - START / PAGE) / 100 * percent;

	blocks = calloc(end_pfn, sizeof *blocks);
	fill(pages, 0);
	for (int round = 0; round < 500; round++) {
		thin(1000, measures_frees);
		fill(pages, measures_allocations);
	}
	mark_blocks();
}

static void free_all(void)
{
	unmeasured(free_blocks, 0, block_count);
	block_count = 0;
}

static void run_mix_allocate(void) { run_mix(60, 1, 0); }
static void run_mix_free(void) { run_mix(60, 0, 1); }
static void run_pair_0(void) { run_pairs(0); }
static void run_pair_9(void) { run_pairs(9); }
static void run_bulk_0(void) { run_bulk(GIB / PAGE * 4, 0, 0, 1); }
static void run_random_free(void) { run_bulk(GIB / PAGE * 4, 0, 1, 0); }
static void run_bulk_9(void) { run_bulk((64 * GIB - START) / PAGE / 512, 9, 0, 1); }
static void run_free_9(void) { run_bulk((64 * GIB - START) / PAGE / 512, 9, 1, 1); }

static const struct {
	const char *name;
	unsigned long size;
	void (*run)(void);
	void (*choose)(void);
} cases[] = {
	{"pages-pair-0", 4 * GIB, run_pair_0, NULL},
	{"pages-bulk-0", 4 * GIB, run_bulk_0, NULL},
	{"pages-random-free-0", 4 * GIB, run_random_free, NULL},
	{"pages-pair-9", 64 * GIB - START, run_pair_9, NULL},
	{"pages-bulk-9", 64 * GIB - START, run_bulk_9, NULL},
	{"pages-free-9", 64 * GIB - START, run_free_9, NULL},
	{"pages-mix-allocate", 4 * GIB, run_mix_allocate, NULL},
	{"pages-mix-free", 4 * GIB, run_mix_free, NULL},
	{"pages-node-pair-0", 4 * GIB, run_pair_0, prefer_node},
	{"pages-node-bulk-0", 4 * GIB, run_bulk_0, prefer_node},
	{"pages-node-pair-9", 64 * GIB - START, run_pair_9, prefer_node},
	{"pages-node-mix-allocate", 4 * GIB, run_mix_allocate, prefer_node},
	{"pages-only-pair-0", 4 * GIB, run_pair_0, use_only_node},
	{"pages-only-bulk-0", 4 * GIB, run_bulk_0, use_only_node},
	{"pages-only-pair-9", 64 * GIB - START, run_pair_9, use_only_node},
};

static void run_case(size_t index)
{
	set_up(cases[index].size);
	unsigned long free_at_start = free_pages();

	if (cases[index].choose != NULL)
		cases[index].choose();
	cases[index].run();
	free_all();
	if (free_pages() != free_at_start)
		die("not all is free again");
	printf("%lu operations, %.1f ns per operation\n", operations,
	       nanoseconds_per_operation());
}

/* Free aligned 2 MiB blocks. */
static unsigned long whole_blocks(void)
{
	unsigned long count = 0;

	for (unsigned long pfn = START / PAGE; pfn < end_pfn; pfn += 512)
		count += memchr(owners + pfn, 1, 512) == NULL;
	return count;
}

static void print_whole(unsigned int percent)
{
	set_up(4 * GIB);
	run_mix(percent, 0, 0);
	printf("%lu of %lu\n", whole_blocks(), (end_pfn - START / PAGE) / 100 * (100 - percent) / 512);
}

#ifndef BUDDY
static void print_metadata(void)
{
	unsigned long pages = 64 * GIB / PAGE;
	unsigned long before;

	set_up(64 * GIB - START);
	/* What is taken of [OWN_START, START) and not given out is the allocator's own. */
	before = (START - OWN_START) / PAGE;
	unsigned long given = 0;
	while (bootmem_pages_free(OWN_START / PAGE + before - 1 - given, 0) == 0)
		given++;
	printf("%.3f\n", (double)((bootmem_bootmap_pages(pages) + before - given) * PAGE * 8)
	       / (double)pages);
}

#else
static void print_metadata(void) { printf("%.3f\n", 256.0); }
#endif

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
			printf("%s\n", cases[i].name);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--metadata") == 0) {
		print_metadata();
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--whole") == 0) {
		print_whole((unsigned int)atoi(argv[2]));
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++) {
		if (strcmp(argv[1], cases[i].name) == 0) {
			run_case(i);
			return 0;
		}
	}
	fprintf(stderr, "usage: %s CASE | --list | --whole PERCENT | --metadata\n", argv[0]);
	return 2;
}
