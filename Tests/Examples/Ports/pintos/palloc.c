/* SPDX-License-Identifier: MIT */
/* Pintos's page allocator, in place of its threads/palloc.c: pages from swift-bootmem's bitmaps.  Node 0 has
 * the kernel's pages, node 1 those for user programs. */
#include "threads/palloc.h"
#include <debug.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "threads/interrupt.h"
#include "threads/loader.h"
#include "threads/vaddr.h"

#include "bootmem_pages.h"

enum { first_page = 0x100 }; /* the kernel lies below 1 MiB */

static unsigned long user_start; /* the first page of node 1 */

static void BOOTMEM_CALL fault(void *context UNUSED, int code UNUSED, const char *message)
{
  PANIC("%s", message);
}

void palloc_init(size_t user_page_limit)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform, .direct_map_offset = LOADER_PHYS_BASE, .max_order = 10, .fault = fault};
  unsigned long user_pages = (init_ram_pages - first_page) / 2, bitmap = first_page, bitmap_pages;

  if (user_pages > user_page_limit) user_pages = user_page_limit;
  user_start = init_ram_pages - user_pages;
  bootmem_setup(&platform);
  /* Both bitmaps lie in the kernel's memory, from its first page on. */
  init_bootmem_node(bootmem_node(0), bitmap, first_page, user_start);
  bitmap_pages = bootmem_bootmap_pages(user_start - first_page);
  init_bootmem_node(bootmem_node(1), bitmap + bitmap_pages, user_start, init_ram_pages);
  bitmap_pages += bootmem_bootmap_pages(user_pages);
  free_bootmem(first_page * PGSIZE, (init_ram_pages - first_page) * PGSIZE);
  reserve_bootmem(bitmap * PGSIZE, bitmap_pages * PGSIZE, BOOTMEM_EXCLUSIVE);
  if (bootmem_keep_pages() != 0) PANIC("palloc_init");
}

void *palloc_get_multiple(enum palloc_flags flags, size_t page_count)
{
  bool is_user = flags & PAL_USER;
  enum intr_level old_level;
  unsigned long pfn;
  void *pages;

  if (page_count == 0) return NULL;
  /* A page is freed where a thread must not wait for a lock. */
  old_level = intr_disable();
  pfn = bootmem_pages_allocate_run(page_count, 1, is_user, is_user ? 0 : user_start);
  if (is_user && pfn < user_start) { /* from the other node */
    bootmem_pages_free_run(pfn, page_count);
    pfn = BOOTMEM_NO_PAGE;
  }
  intr_set_level(old_level);
  if (pfn == BOOTMEM_NO_PAGE) {
    if (flags & PAL_ASSERT) PANIC("palloc_get: out of pages");
    return NULL;
  }
  pages = ptov(pfn * PGSIZE);
  if (flags & PAL_ZERO) memset(pages, 0, PGSIZE * page_count);
  return pages;
}

void *palloc_get_page(enum palloc_flags flags) { return palloc_get_multiple(flags, 1); }

void palloc_free_multiple(void *pages, size_t page_count)
{
  enum intr_level old_level;
  int status;

  ASSERT(pg_ofs(pages) == 0);
  if (pages == NULL || page_count == 0) return;
#ifndef NDEBUG
  memset(pages, 0xcc, PGSIZE * page_count); /* so that a use after the free is noticed */
#endif
  old_level = intr_disable();
  status = bootmem_pages_free_run(vtop(pages) / PGSIZE, page_count);
  intr_set_level(old_level);
  if (status != 0) PANIC("palloc_free: not allocated as such");
}

void palloc_free_page(void *page) { palloc_free_multiple(page, 1); }
