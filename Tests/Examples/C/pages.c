/* SPDX-License-Identifier: MIT */
/* This kernel's own page allocator, such as you have: a bit for each page, 1 where it is free. */
#include "kernel.h"

static unsigned char *map;
static unsigned long page_count, next;

unsigned long pages_map_size(unsigned long count) { return (count + 7) / 8; }

/* No page is free at first. */
void pages_start(unsigned char *zeroed, unsigned long count)
{
  map = zeroed;
  page_count = count;
}

void page_free(unsigned long pfn)
{
  if (pfn >= page_count || (map[pfn / 8] & 1 << pfn % 8)) panic("a page that was free, or none");
  map[pfn / 8] |= 1 << pfn % 8;
  if (pfn < next) next = pfn;
}

/* A page that was free; 0 if there is none. */
unsigned long page_allocate(void)
{
  for (; next < page_count; next++) {
    if (map[next / 8] & 1 << next % 8) {
      map[next / 8] &= ~(1 << next % 8);
      return next++;
    }
  }
  return 0;
}
