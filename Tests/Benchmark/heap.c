/* SPDX-License-Identifier: MIT */
/* What the heap of bootmem_heap.h costs over kept pages.
 *
 *     heap CASE     runs one case; `measured` is the function to count in
 *     heap --ratio  prints the memory that the heap has, divided by the bytes that are allocated, in the
 *                   mix of small sizes
 *
 * A case prints `N operations`.  At its end everything is free again. */
#include <bootmem_heap.h>
#include <bootmem_pages.h>

#include "measuring.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB (1024ul * 1024ul)
#define PAGE BOOTMEM_PAGE_SIZE

static void die(const char *text)
{
	fprintf(stderr, "heap: %s\n", text);
	exit(1);
}

static void on_fault(void *context, int code, const char *message)
{
	(void)context;
	(void)code;
	die(message);
}

/* 256 MiB of pages, kept. */
static void set_up(void)
{
	unsigned long size = 256 * MIB;
	void *arena = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		die("no memory");
	struct bootmem_platform platform = {
		.size = sizeof platform,
		.direct_map_offset = (uintptr_t)arena,
		.max_order = 10,
		.fault = on_fault,
	};
	if (bootmem_setup(&platform) != 0)
		die("bootmem_setup refused");
	init_bootmem_node(bootmem_node(0), 1, 0, size / PAGE);
	free_bootmem(MIB, size - MIB);
	if (bootmem_keep_pages() != 0)
		die("bootmem_keep_pages refused");
	bootmem_pages_prepare();
}

static void measure(void (*run)(unsigned long, unsigned long), unsigned long count,
		    unsigned long calls)
{
	measure_calls(run, 0, count, calls);
}

static unsigned long size_of_all;

static void pairs(unsigned long from, unsigned long to)
{
	for (unsigned long i = from; i < to; i++)
		if (bootmem_heap_free(bootmem_heap_allocate(size_of_all)) != 0)
			die("a free was refused");
}

static void run_held(unsigned long size)
{
	void *others[3];

	size_of_all = size;
	for (int i = 0; i < 3; i++)
		others[i] = bootmem_heap_allocate(size);
	measure(pairs, 10000, 10000);
	for (int i = 0; i < 3; i++)
		bootmem_heap_free(others[i]);
}

static void run_alone(unsigned long size)
{
	size_of_all = size;
	measure(pairs, 10000, 10000);
}

/* ---- In order ---- */

enum { IN_ORDER = 10000 };
static void *objects[IN_ORDER];

static void in_order(unsigned long from, unsigned long to)
{
	(void)from;
	for (unsigned long i = 0; i < to; i++)
		objects[i] = bootmem_heap_allocate(size_of_all);
	for (unsigned long i = 0; i < to; i++)
		bootmem_heap_free(objects[i]);
}

static void run_in_order(unsigned long size)
{
	size_of_all = size;
	measure(in_order, IN_ORDER, IN_ORDER);
}

/* ---- Mixed sizes: places that are freed and allocated anew at random ---- */

static unsigned long place_count, least, most;
static uint16_t *choices;
static uint32_t *sizes;
static size_t live;

static void mixed(unsigned long from, unsigned long to)
{
	for (unsigned long i = from; i < to; i++) {
		unsigned long place = choices[i];

		bootmem_heap_free(objects[place]);
		objects[place] = bootmem_heap_allocate(sizes[i]);
	}
}

/* The random numbers are drawn before what is measured. */
static void run_mixed(unsigned long places, unsigned long from, unsigned long to, unsigned long count)
{
	static uint32_t size_at[IN_ORDER];

	place_count = places, least = from, most = to;
	choices = malloc(count * sizeof *choices);
	sizes = malloc(count * sizeof *sizes);
	for (unsigned long i = 0; i < places; i++) {
		size_at[i] = (uint32_t)(from + next_random() % (to - from + 1));
		objects[i] = bootmem_heap_allocate(size_at[i]);
	}
	for (unsigned long i = 0; i < count; i++) {
		choices[i] = (uint16_t)(next_random() % places);
		sizes[i] = (uint32_t)(from + next_random() % (to - from + 1));
		size_at[choices[i]] = sizes[i];
	}
	measure(mixed, count, 2 * count);
	for (unsigned long i = 0; i < places; i++)
		live += size_at[i];
}

static void free_places(void)
{
	for (unsigned long i = 0; i < place_count; i++)
		bootmem_heap_free(objects[i]);
}

/* ---- Growing ---- */

static void grow(unsigned long from, unsigned long to)
{
	void *memory = NULL;

	for (unsigned long i = from; i < to; i++)
		memory = bootmem_heap_resize(memory, 16 * (i + 1));
	bootmem_heap_free(memory);
}

static void first_touch(unsigned long from, unsigned long to)
{
	(void)from, (void)to;
	objects[0] = bootmem_heap_allocate(64);
}

static void run_case(const char *name)
{
	if (strcmp(name, "heap-held-16") == 0)
		run_held(16);
	else if (strcmp(name, "heap-held-64") == 0)
		run_held(64);
	else if (strcmp(name, "heap-alone-64") == 0)
		run_alone(64);
	else if (strcmp(name, "heap-order-64") == 0)
		run_in_order(64);
	else if (strcmp(name, "heap-mixed") == 0)
		run_mixed(IN_ORDER, 16, 2063, 100000);
	else if (strcmp(name, "heap-4096") == 0)
		run_alone(4096);
	else if (strcmp(name, "heap-16384") == 0)
		run_alone(16384);
	else if (strcmp(name, "heap-mixed-pages") == 0)
		run_mixed(500, 4096, 65536, 20000);
	else if (strcmp(name, "heap-grow") == 0)
		measure(grow, 1000, 1000);
	else if (strcmp(name, "heap-first") == 0) {
		measure(first_touch, 1, 1);
		bootmem_heap_free(objects[0]);
	} else if (strcmp(name, "heap-prepared") == 0) {
		bootmem_heap_free(bootmem_heap_allocate(1));
		measure(first_touch, 1, 1);
		bootmem_heap_free(objects[0]);
	} else
		die("no such case");
}

int main(int argc, char **argv)
{
	struct bootmem_heap_statistics held;

	if (argc != 2)
		die("usage: heap CASE | --ratio");
	set_up();
	if (strcmp(argv[1], "--ratio") == 0) {
		run_case("heap-mixed");
		bootmem_heap_count(&held);
		printf("%.3f\n", (double)(held.pages + held.index_pages) * (double)PAGE / (double)live);
		return 0;
	}
	run_case(argv[1]);
	free_places();
	bootmem_heap_trim();
	bootmem_heap_count(&held);
	if (held.allocations + held.pages + held.index_pages != 0)
		die("not all is free again");
	printf("%lu operations\n", operations);
	return 0;
}
