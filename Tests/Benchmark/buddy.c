/* SPDX-License-Identifier: MIT */
#include "buddy.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct page {
	struct page *next;
	struct page *previous;
	uint32_t order;
	bool is_free; /* the first page of a free block */
	uint64_t unused; /* a descriptor has more than this; 32 bytes in all */
};

static struct page *pages;
static unsigned long page_count;
static struct page lists[BUDDY_MAX_ORDER + 1];

static void insert(unsigned long pfn, unsigned int order)
{
	struct page *page = &pages[pfn], *list = &lists[order];

	page->order = order;
	page->is_free = true;
	page->next = list->next;
	page->previous = list;
	list->next->previous = page;
	list->next = page;
}

static void take_out(struct page *page)
{
	page->previous->next = page->next;
	page->next->previous = page->previous;
	page->is_free = false;
}

unsigned long buddy_allocate(unsigned int order)
{
	for (unsigned int larger = order; larger <= BUDDY_MAX_ORDER; larger++) {
		struct page *page = lists[larger].next;

		if (page == &lists[larger])
			continue;
		take_out(page);
		unsigned long pfn = (unsigned long)(page - pages);
		while (larger > order) {
			larger--;
			insert(pfn + (1UL << larger), larger);
		}
		return pfn;
	}
	return BUDDY_NO_PAGE;
}

void buddy_free(unsigned long pfn, unsigned int order)
{
	while (order < BUDDY_MAX_ORDER) {
		unsigned long buddy = pfn ^ (1UL << order);

		if (buddy >= page_count || !pages[buddy].is_free || pages[buddy].order != order)
			break;
		take_out(&pages[buddy]);
		pfn &= ~(1UL << order);
		order++;
	}
	insert(pfn, order);
}

void buddy_set_up(unsigned long start, unsigned long end)
{
	pages = calloc(end, sizeof *pages);
	page_count = end;
	for (unsigned int order = 0; order <= BUDDY_MAX_ORDER; order++)
		lists[order].next = lists[order].previous = &lists[order];
	/* From the top, so that the lists begin with the lowest. */
	for (unsigned long pfn = end; pfn > start; pfn--)
		buddy_free(pfn - 1, 0);
}
