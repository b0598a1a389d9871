/* SPDX-License-Identifier: MIT */
/* A kernel of Linux 2.4's kind, which calls the functions of its own header, over the adapter. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/bootmem.h>

enum { PAGES = 64 };

pg_data_t contig_page_data;
struct page mem_map[PAGES];
unsigned char memory[PAGES << PAGE_SHIFT] __attribute__((aligned(4096)));

int printf(const char *format, ...);
int vprintf(const char *format, __builtin_va_list arguments);
void exit(int status) __attribute__((noreturn));

static int passed, failed;

static void check(int condition, const char *what)
{
	if (condition) passed++;
	else printf("%s\n", what), failed++;
}

int printk(const char *format, ...)
{
	return printf("%s\n", format);
}

void panic(const char *format, ...)
{
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	vprintf(format, arguments);
	printf("\n");
	exit(1);
}

int main(void)
{
	unsigned char *first, *second;
	unsigned long index;
	int released = 0;

	for (index = 0; index < sizeof memory; index++) memory[index] = 0xa5;
	check(init_bootmem(1, PAGES) > 0, "the node is registered");
	check(min_low_pfn == 1 && max_low_pfn == PAGES, "the pfn variables are the kernel's");
	free_bootmem(2 << PAGE_SHIFT, (PAGES - 2) << PAGE_SHIFT);
	/* With flags that happen to be 1 the second would reserve nothing. */
	reserve_bootmem(8 << PAGE_SHIFT, 2 << PAGE_SHIFT);
	reserve_bootmem(8 << PAGE_SHIFT, 4 << PAGE_SHIFT);
	reserve_bootmem_node(&contig_page_data, 12 << PAGE_SHIFT, 1 << PAGE_SHIFT);
	first = alloc_bootmem(100);
	second = __alloc_bootmem_node(NODE_DATA(0), 7 << PAGE_SHIFT, 1 << PAGE_SHIFT, 0);
	check(first == memory + (2 << PAGE_SHIFT), "the first free page is allocated");
	check(second == memory + (13 << PAGE_SHIFT), "what is reserved by two arguments stays so");
	check(first[99] == 0 && first[100] == 0xa5, "allocated memory is zeroed");
	check(bootmem_bootmap_pages(PAGES) == 1, "the size of a bitmap");
	check(free_all_bootmem_node(&contig_page_data) == PAGES - 1 - 5 - 1 - 7, "pages are handed over");
	check(free_all_bootmem() == 0, "once");
	for (index = 0; index < PAGES; index++) released += mem_map[index].freed;
	check(released == PAGES - 1 - 5 - 1 - 7, "the page allocator got them");
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
