/* SPDX-License-Identifier: MIT */
/* xv6's physical page allocator for x86, in place of its kalloc.c: pages from swift-bootmem's bitmap. */
#include "types.h"
#include "defs.h"
#include "param.h"
#include "memlayout.h"
#include "mmu.h"
#include "spinlock.h"

#include "bootmem_pages.h"

extern char end[]; /* the end of the kernel, of kernel.ld */

static struct spinlock lock;
static int is_locked;            /* not before there is a second processor */
static unsigned long mapped_end; /* the first page that is not mapped; 0: all are */

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
  panic((char *)message);
}

/* The first 4 MiB are mapped, and so all that is allocated now lies there. */
void kinit1(void *start_pointer, void *mapped)
{
  static const struct bootmem_platform platform = {
    .size = sizeof platform, .direct_map_offset = KERNBASE, .max_order = 10, .fault = fault};
  uint start = V2P(PGROUNDUP((uint)start_pointer));
  uint bitmap_bytes;

  initlock(&lock, "kmem");
  bootmem_setup(&platform);
  bootmem_set_mapped_end(V2P(mapped));
  mapped_end = V2P(mapped) / PGSIZE;
  /* The bitmap lies behind the kernel, what is behind that is free. */
  bitmap_bytes = init_bootmem(start / PGSIZE, PHYSTOP / PGSIZE);
  free_bootmem(start, PHYSTOP - start);
  reserve_bootmem(start, bitmap_bytes, BOOTMEM_EXCLUSIVE);
  if (bootmem_keep_pages() != 0) panic("kinit1");
}

void kinit2(void *mapped, void *limit)
{
  mapped_end = 0;
  is_locked = 1;
}

void kfree(char *page)
{
  int status;

  if ((uint)page % PGSIZE != 0) panic("kfree");
  memset(page, 1, PGSIZE); /* so that a use after the free is noticed */
  if (is_locked) acquire(&lock);
  status = bootmem_pages_free(V2P(page) / PGSIZE, 0);
  if (is_locked) release(&lock);
  if (status != 0) panic("kfree");
}

char *kalloc(void)
{
  unsigned long pfn;

  if (is_locked) acquire(&lock);
  pfn = bootmem_pages_allocate(0, -1, mapped_end);
  if (is_locked) release(&lock);
  return pfn == BOOTMEM_NO_PAGE ? 0 : P2V(pfn * PGSIZE);
}
