/* SPDX-License-Identifier: MIT */
/* What bootmem costs, through the archive that kernels link and its C interface, on 64 or 32 bits.
 *
 *     benchmark CASE      runs one case; `measured` is the function to count instructions in
 *     benchmark --list    prints a line for each case: its name and the number of operations
 *     benchmark --metadata    prints the bytes of the bitmap that registering 1 TiB writes; 64 bits
 *     benchmark --bitmap  prints the pages that bitmaps take, for some sizes of memory
 *     benchmark --clear   times the library's own clearing beside memset
 *
 * Allocated memory is not cleared in the cases, so that they count the allocator alone.
 */
#include <bootmem.h>

#include "measuring.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KIB 1024ul
#define MIB (1024ul * KIB)
#define GIB (1024ul * MIB)
#define PAGE 4096ul

/* Machines of 32 bits have no more than 4 GiB.  LARGE is the memory that is registered, with
 * something in use at RESERVED, and MEMORY that in which most cases allocate and free. */
#if __SIZEOF_LONG__ == 8
#define TIB (1024ul * GIB)
#define LARGE TIB
#define MEMORY (64 * GIB)
#define RESERVED (2 * GIB + 12345)
#else
#define LARGE (2 * GIB)
#define MEMORY (2 * GIB)
#define RESERVED (1 * GIB + 12345)
#endif

/* The bitmaps lie from here on in physical memory; the arena stands for it up to the end. */
#define BITMAP_START (2 * MIB)
#define ARENA_SIZE (640 * MIB)

static unsigned char *arena;
static unsigned long released_blocks;

static void BOOTMEM_CALL on_fault(void *context, int code, const char *message)
{
	(void)context;
	fprintf(stderr, "fault %d: %s\n", code, message);
	exit(1);
}

static void BOOTMEM_CALL clear_nothing(void *context, void *start, size_t length)
{
	(void)context;
	(void)start;
	(void)length;
}

static void BOOTMEM_CALL release_block(void *context, unsigned long pfn, unsigned int order, int nid)
{
	(void)context;
	(void)pfn;
	(void)order;
	(void)nid;
	released_blocks++;
}

static void set_up(void)
{
	struct bootmem_platform platform = {
		.size = sizeof platform,
		.direct_map_offset = (uintptr_t)arena,
		.cache_line_size = 64,
		.max_dma_address = 16 * MIB,
		.low_address_limit = 0xffffffff,
		.max_dma32_pfn = sizeof(long) == 8 ? 0x100000 : 0,
		.max_order = 10,
		.fault = on_fault,
		.clear = clear_nothing,
		.release_pages = release_block,
	};
	if (bootmem_setup(&platform) != 0) {
		fprintf(stderr, "bootmem_setup refused\n");
		exit(1);
	}
}

/* One node from 0 on, its bitmap at BITMAP_START, nothing free. */
static void register_node(unsigned long size)
{
	init_bootmem_node(bootmem_node(0), BITMAP_START / PAGE, 0, size / PAGE);
}

static void register_clean(unsigned long size)
{
	register_node(size);
	free_bootmem(0, size);
	reserve_bootmem(0, 128 * MIB, BOOTMEM_DEFAULT);
}

/* Every second page of 1 GiB is taken; only its last 2 MiB are free throughout. */
static void register_fragmented(void)
{
	register_node(GIB + 4 * MIB);
	free_bootmem(4 * MIB, GIB);
	for (unsigned long at = 4 * MIB; at < GIB + 2 * MIB; at += 2 * PAGE)
		reserve_bootmem(at, PAGE, BOOTMEM_DEFAULT);
}

static void usable_ranges(unsigned long size, unsigned long count)
{
	unsigned long stride = size / count;

	for (unsigned long i = 0; i < count; i++)
		free_bootmem(i * stride + 3 * PAGE, stride - 40 * PAGE);
}

static void boot(unsigned long size, unsigned long range_count)
{
	register_node(size);
	usable_ranges(size, range_count);
	reserve_bootmem(1 * MIB, 8 * MIB, BOOTMEM_DEFAULT);
	reserve_bootmem(BITMAP_START, 600 * MIB, BOOTMEM_DEFAULT);
	reserve_bootmem(RESERVED, 30 * MIB, BOOTMEM_DEFAULT);
}

static unsigned long *order;
static unsigned long order_count;

/* The pages of `size` bytes in random order, the first `count` of them. */
static void shuffle(unsigned long size, unsigned long count)
{
	unsigned long pages = size / PAGE;

	order = malloc(pages * sizeof *order);
	order_count = count;
	for (unsigned long i = 0; i < pages; i++)
		order[i] = i * PAGE;
	for (unsigned long i = 0; i < count; i++) {
		unsigned long other = i + next_random() % (pages - i);
		unsigned long page = order[i];

		order[i] = order[other];
		order[other] = page;
	}
}

/* Each case: what comes before, and what is measured, on `operations`. */

static void prepare_nothing(void) {}
static void register_large(unsigned long n) { (void)n; boot(LARGE, 10); }

#if __SIZEOF_LONG__ == 8
static void register_16tib(unsigned long n) { (void)n; boot(16 * TIB, 10); }
static void register_1000(unsigned long n) { (void)n; boot(TIB, 1000); }

static void register_64_nodes(unsigned long n)
{
	unsigned long map = BITMAP_START / PAGE;
	unsigned long pages = 16 * GIB / PAGE;

	unsigned long map_pages = bootmem_bootmap_pages(pages);

	(void)n;
	for (int nid = 0; nid < 64; nid++) {
		init_bootmem_node(bootmem_node(nid), map, nid * pages, (nid + 1) * pages);
		map += map_pages;
		free_bootmem(nid * 16 * GIB + 4 * PAGE, 16 * GIB - 8 * PAGE);
	}
}
#endif

static void prepare_clean(void) { register_clean(MEMORY); }

/* Every public way to an allocation: its name in the rows, in C, and the call.  Each makes a case of 64
 * bytes and one of a page.  None of them searches, or comes near the limit. */
#define LIMIT (~0ul << BOOTMEM_PAGE_SHIFT)
#define ENTRIES(entry) \
	entry("", any, __alloc_bootmem(size, size, goal)) \
	entry("-nopanic", nopanic, __alloc_bootmem_nopanic(size, size, goal)) \
	entry("-low", low, __alloc_bootmem_low(size, size, 0)) \
	entry("-low-nopanic", low_nopanic, __alloc_bootmem_low_nopanic(size, size, 0)) \
	entry("-node", node, __alloc_bootmem_node(node, size, size, goal)) \
	entry("-node-nopanic", node_nopanic, \
	      __alloc_bootmem_node_nopanic(node, size, size, goal)) \
	entry("-node-low", node_low, __alloc_bootmem_low_node(node, size, size, 0)) \
	entry("-node-high", node_high, __alloc_bootmem_node_high(node, size, size, goal)) \
	entry("-node-limit", node_limit, \
	      ___alloc_bootmem_node_nopanic(node, size, size, goal, LIMIT)) \
	entry("-node-only", node_only, bootmem_allocate(&on_node_only, &address)) \
	entry("-request", request, bootmem_allocate(&on_any_node, &address))

#define ALLOCATE(bytes, call) \
{ \
	const unsigned long size = bytes, goal = 16 * MIB; \
	pg_data_t *const node = bootmem_node(0); \
	const struct bootmem_request on_node_only = { \
		.size = size, .align = size, .goal = goal, .nid = 0, \
		.flags = BOOTMEM_NO_CLEAR | BOOTMEM_THIS_NODE, \
	}; \
	const struct bootmem_request on_any_node = { \
		.size = size, .align = size, .goal = goal, .nid = NUMA_NO_NODE, \
		.flags = BOOTMEM_NO_CLEAR, \
	}; \
	unsigned long address; \
\
	(void)node, (void)on_node_only, (void)on_any_node, (void)address; \
	while (n--) \
		call; \
}
#define ENTRY(row, name, call) \
	static void allocate_64_##name(unsigned long n) ALLOCATE(64, call) \
	static void allocate_page_##name(unsigned long n) ALLOCATE(PAGE, call)
ENTRIES(ENTRY)

static void allocate_64_align_0(unsigned long n)
{
	while (n--)
		__alloc_bootmem(64, 0, 16 * MIB);
}

static void allocate_64_node_align_0(unsigned long n)
{
	while (n--)
		__alloc_bootmem_node(bootmem_node(0), 64, 0, 16 * MIB);
}

static void allocate_64_request_align_0(unsigned long n)
{
	const struct bootmem_request request = {
		.size = 64, .goal = 16 * MIB, .nid = NUMA_NO_NODE, .flags = BOOTMEM_NO_CLEAR,
	};
	unsigned long address;

	while (n--)
		bootmem_allocate(&request, &address);
}

static void allocate_24(unsigned long n)
{
	while (n--)
		__alloc_bootmem(24, 8, 16 * MIB);
}

static void allocate_2mib(unsigned long n)
{
	while (n--)
		__alloc_bootmem(2 * MIB, 2 * MIB, 16 * MIB);
}

static void allocate_512_pages(unsigned long n)
{
	while (n--)
		__alloc_bootmem(512 * PAGE, PAGE, 0);
}

static void allocate_16_pages(unsigned long n)
{
	while (n--)
		__alloc_bootmem(16 * PAGE, PAGE, 0);
}

static void prepare_reserved(void) { register_node(MEMORY); }

static void prepare_random(void)
{
	register_node(MEMORY);
	shuffle(MEMORY, 100000);
}

static void free_random(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		free_bootmem(order[i], PAGE);
}

static void free_in_order(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		free_bootmem(i * PAGE, PAGE);
}

static void reserve_in_order(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		reserve_bootmem((32768 + i) * PAGE, PAGE, BOOTMEM_DEFAULT);
}

static void hand_over(unsigned long n)
{
	(void)n;
	free_all_bootmem();
}

static const struct {
	const char *name;
	unsigned long operations;
	void (*prepare)(void);
	void (*run)(unsigned long);
} cases[] = {
	{"register-large", 1, prepare_nothing, register_large},
#if __SIZEOF_LONG__ == 8
	{"register-16tib", 1, prepare_nothing, register_16tib},
	{"register-1000-ranges", 1, prepare_nothing, register_1000},
	{"register-64-nodes", 1, prepare_nothing, register_64_nodes},
#endif
#define ENTRY_CASES(row, name, call) \
	{"allocate-64" row, 100000, prepare_clean, allocate_64_##name}, \
	{"allocate-page" row, 100000, prepare_clean, allocate_page_##name},
	ENTRIES(ENTRY_CASES)
	{"allocate-64-align-0", 100000, prepare_clean, allocate_64_align_0},
	{"allocate-64-node-align-0", 100000, prepare_clean, allocate_64_node_align_0},
	{"allocate-64-request-align-0", 100000, prepare_clean, allocate_64_request_align_0},
	{"allocate-24", 100000, prepare_clean, allocate_24},
	{"allocate-2mib", MEMORY / (8 * MIB) < 10000 ? MEMORY / (8 * MIB) : 10000, prepare_clean,
	 allocate_2mib},
	{"allocate-512-pages", 1, register_fragmented, allocate_512_pages},
	{"allocate-16-pages", 1, register_fragmented, allocate_16_pages},
	{"allocate-holes", 100000, register_fragmented, allocate_page_any},
	{"free-random", 100000, prepare_random, free_random},
	{"free-in-order", 100000, prepare_reserved, free_in_order},
	{"reserve-in-order", 100000, prepare_clean, reserve_in_order},
	{"hand-over", MEMORY / (4 * MIB), prepare_clean, hand_over},
};

static void run_case(unsigned long index, unsigned long count) { cases[index].run(count); }

#if __SIZEOF_LONG__ == 8
static void count_metadata(void)
{
	unsigned long size = bootmem_bootmap_pages(TIB / PAGE) * PAGE;
	unsigned long written = 0;
	unsigned char *first = malloc(size);
	unsigned char *bitmap = arena + BITMAP_START;

	/* A byte was written if it differs from either of two fillings. */
	memset(bitmap, 0x5a, size);
	set_up();
	boot(TIB, 10);
	memcpy(first, bitmap, size);
	memset(bitmap, 0xa5, size);
	set_up();
	boot(TIB, 10);
	for (unsigned long i = 0; i < size; i++)
		written += first[i] != 0x5a || bitmap[i] != 0xa5;
	printf("%lu\n", written);
}

static void print_bitmap_pages(void)
{
	printf("bitmap-128mib %lu\n", bootmem_bootmap_pages(128 * MIB / PAGE));
	printf("bitmap-64gib %lu\n", bootmem_bootmap_pages(64 * GIB / PAGE));
	printf("bitmap-1tib %lu\n", bootmem_bootmap_pages(TIB / PAGE));
}
#endif

/* The better of many runs of each, taken in turns; bytes per nanosecond. */
static void time_clear(unsigned long block)
{
	static void *(*volatile plain_memset)(void *, int, size_t);
	struct bootmem_platform platform = {
		.size = sizeof platform,
		.direct_map_offset = (uintptr_t)arena,
		.max_dma_address = 0,
		.max_order = 10,
		.fault = on_fault,
	};
	double best_own = 1e9, best_memset = 1e9;
	unsigned long count = 64 * MIB / block;

	plain_memset = memset;
	for (int round = 0; round < 12; round++) {
		bootmem_setup(&platform);
		register_node(256 * MIB);
		free_bootmem(64 * MIB, 128 * MIB);
		double start = seconds();
		for (unsigned long i = 0; i < count; i++)
			__alloc_bootmem(block, block, 64 * MIB);
		double middle = seconds();
		for (unsigned long i = 0; i < count; i++)
			plain_memset(arena + 64 * MIB + i * block, 0, block);
		double end = seconds();

		/* The first round touches the memory for the first time. */
		if (round > 0 && middle - start < best_own)
			best_own = middle - start;
		if (round > 0 && end - middle < best_memset)
			best_memset = end - middle;
	}
	double gibibytes = 64 * (double)MIB / (double)GIB;
	printf("%lu KiB blocks: library %.2f, memset %.2f GiB/s, which is %.0f %% of memset\n",
	       block / KIB, gibibytes / best_own, gibibytes / best_memset,
	       100 * best_memset / best_own);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CASE | --list | --metadata | --bitmap | --clear\n", argv[0]);
		return 2;
	}
	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
#if __SIZEOF_LONG__ == 8
	if (strcmp(argv[1], "--metadata") == 0) {
		count_metadata();
		return 0;
	}
	if (strcmp(argv[1], "--bitmap") == 0) {
		print_bitmap_pages();
		return 0;
	}
#endif
	if (strcmp(argv[1], "--clear") == 0) {
		time_clear(4 * KIB);
		time_clear(2 * MIB);
		return 0;
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (strcmp(argv[1], "--list") == 0) {
			printf("%s %lu\n", cases[i].name, cases[i].operations);
		} else if (strcmp(argv[1], cases[i].name) == 0) {
			set_up();
			cases[i].prepare();
			measure_calls(run_case, i, cases[i].operations, cases[i].operations);
			printf("%.1f ns per operation\n", nanoseconds_per_operation());
			return 0;
		}
	}
	if (strcmp(argv[1], "--list") == 0)
		return 0;
	fprintf(stderr, "%s: no such case\n", argv[1]);
	return 2;
}
