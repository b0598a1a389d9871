/* SPDX-License-Identifier: MIT */
/* xv6-riscv's physical page allocator, in place of its kernel/kalloc.c: pages from swift-bootmem's bitmap. */
#include "types.h"
#include "param.h"
#include "memlayout.h"
#include "spinlock.h"
#include "riscv.h"
#include "defs.h"

#include "bootmem_pages.h"

extern char end[]; /* the end of the kernel, of kernel.ld */

static struct spinlock lock;

static void fault(void *context, int code, const char *message)
{
  panic((char *)message);
}

void kinit(void)
{
  static const struct bootmem_platform platform = {.size = sizeof platform, .max_order = 10, .fault = fault};
  uint64 start = PGROUNDUP((uint64)end);
  uint64 bitmap_bytes;

  initlock(&lock, "kmem");
  bootmem_setup(&platform);
  /* The bitmap lies behind the kernel, what is behind that is free. */
  bitmap_bytes = init_bootmem_node(
    bootmem_node(0), start / PGSIZE, KERNBASE / PGSIZE, PHYSTOP / PGSIZE);
  free_bootmem(start, PHYSTOP - start);
  reserve_bootmem(start, bitmap_bytes, BOOTMEM_EXCLUSIVE);
  if (bootmem_keep_pages() != 0) panic("kinit");
}

void kfree(void *page)
{
  int status;

  if ((uint64)page % PGSIZE != 0) panic("kfree");
  memset(page, 1, PGSIZE); /* so that a use after the free is noticed */
  acquire(&lock);
  status = bootmem_pages_free((uint64)page / PGSIZE, 0);
  release(&lock);
  if (status != 0) panic("kfree");
}

void *kalloc(void)
{
  unsigned long pfn;

  acquire(&lock);
  pfn = bootmem_pages_allocate(0, -1, 0);
  release(&lock);
  if (pfn == BOOTMEM_NO_PAGE) return 0;
  return memset((void *)(pfn * PGSIZE), 5, PGSIZE); /* so that a use without a value is noticed */
}
