/* SPDX-License-Identifier: MIT */
/* A kernel of Linux 4.19's kind, which calls the functions of its own header, over the adapter. */
#include <linux/bootmem.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "internal.h"

enum { PAGES = 64 };

struct page mem_map[PAGES];
unsigned char memory[PAGES << PAGE_SHIFT] __attribute__((aligned(4096)));
unsigned long totalram_pages;
extern int (*const parameter_bootmem_debug_setup)(char *);

int printf(const char *format, ...);
int vprintf(const char *format, __builtin_va_list arguments);
int strcmp(const char *one, const char *other);
int vsnprintf(char *to, unsigned long size, const char *format, __builtin_va_list arguments);
void exit(int status) __attribute__((noreturn));

static int passed, failed, late_node = -2;
static char said[4096];

static void check(int condition, const char *what)
{
	if (condition) passed++;
	else printf("%s\n", what), failed++;
}

/* Keeps what it gets. */
int printk(const char *format, ...)
{
	static unsigned long length;
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	/* Behind the level. */
	length += vsnprintf(said + length, sizeof said - length, format + 1, arguments);
	return 0;
}

void panic(const char *format, ...)
{
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	vprintf(format, arguments);
	printf("\n");
	exit(1);
}

void __free_pages_bootmem(struct page *page, unsigned long pfn, unsigned int order)
{
	unsigned long index;

	check(page == mem_map + pfn, "a page is at its number");
	for (index = 0; index < 1UL << order; index++) page[index].freed++;
	contig_page_data.node_zones[0].managed_pages += 1UL << order;
}

void *kzalloc_node(unsigned long size, unsigned int flags, int nid)
{
	late_node = nid;
	return memory;
}

int main(void)
{
	unsigned char *first, *second;
	unsigned long index, released = 0;
	const unsigned long expected = PAGES - 1 - 5 - 1 - 7;

	for (index = 0; index < sizeof memory; index++) memory[index] = 0xa5;
	/* As memory hot-plug leaves them before they are counted. */
	contig_page_data.node_zones[0].managed_pages = contig_page_data.node_zones[1].managed_pages = 99;
	check(init_bootmem(1, PAGES) > 0, "the node is registered");
	check(min_low_pfn == 1 && max_low_pfn == PAGES, "the pfn variables are set");
	check(said[0] == 0, "nothing is said without the parameter");
	free_bootmem_node(NODE_DATA(0), 2 << PAGE_SHIFT, (PAGES - 2) << PAGE_SHIFT);
	check(reserve_bootmem(24 << PAGE_SHIFT, 5 << PAGE_SHIFT, BOOTMEM_DEFAULT) == 0, "a range is reserved");
	check(reserve_bootmem_node(&contig_page_data, 28 << PAGE_SHIFT, 1, BOOTMEM_EXCLUSIVE) == -16,
		"the kernel's own node is known");
	parameter_bootmem_debug_setup((char *)0);
	first = alloc_bootmem(100);
	check(strcmp(said, "bootmem::alloc_bootmem_bdata nid=0 size=64 [1 pages] align=40 goal=10000 limit=0\n"
		"bootmem::__reserve nid=0 start=10 end=11 flags=1\n") == 0, "lines as in Linux's log");
	second = __alloc_bootmem_node(NODE_DATA(0), 7 << PAGE_SHIFT, 1 << PAGE_SHIFT, 0);
	check(first == memory + (16 << PAGE_SHIFT), "the goal is that of the kernel's own header");
	check(second == memory + (17 << PAGE_SHIFT), "the next allocation lies behind it");
	check(first[99] == 0 && first[100] == 0xa5, "allocated memory is zeroed");
	check(free_all_bootmem() == expected, "pages are handed over");
	check(free_all_bootmem() == 0, "once");
	for (index = 0; index < PAGES; index++) released += mem_map[index].freed;
	check(released == expected, "the page allocator got them");
	check(totalram_pages == expected, "the pages of the machine are counted");
	check(contig_page_data.node_zones[0].managed_pages == expected
		&& contig_page_data.node_zones[1].managed_pages == 0, "those of the zones are, from 0 on");
	free_bootmem_late(16 << PAGE_SHIFT, 8 << PAGE_SHIFT);
	check(totalram_pages == expected + 8, "pages that are released late are counted too");
	check(alloc_bootmem(10) == memory && late_node == -1, "late allocations are the kernel's");
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
