/* SPDX-License-Identifier: MIT */
/* A kernel with nodes of its own, whose first call of boot memory comes before any place at which
 * the library could be set up: it wraps init_bootmem(), and its `&contig_page_data` goes wherever
 * Linux's functions take a node.  Copy from here. */
#include "kit.h"

/* ---- The kernel's headers ---- */

struct pglist_data {
  int node_id;
};
static pg_data_t contig_page_data;

#undef NODE_DATA
#define NODE_DATA(nid) (&contig_page_data)

/* ---- The glue ---- */

static int BOOTMEM_CALL node_number(void *context, const pg_data_t *pgdat)
{
  (void)context;
  return pgdat->node_id;
}

static void set_up_once(void)
{
  static bool is_done;

  if (is_done) return;
  is_done = true;
  kit_setup(0, 0x100); /* here: fills the platform that follows */
  kit_platform.node_number = node_number;
  bootmem_setup(&kit_platform);
}

/* The kernel's own is linked in place of the archive's. */
unsigned long BOOTMEM_CALL init_bootmem(unsigned long mapfn, unsigned long pages)
{
  set_up_once();
  min_low_pfn = mapfn;
  max_low_pfn = pages;
  return init_bootmem_node(NODE_DATA(0), mapfn, 0, pages);
}

/* ---- The kernel ---- */

int main(void)
{
  kit_test("a kernel keeps its own nodes, and sets the library up in its first call");
  KIT_EXPECT(init_bootmem(1, 0x100) != 0);
  KIT_EQUAL(max_low_pfn, 0x100);
  free_bootmem_node(NODE_DATA(0), 0x2000, 0xfe000);
  KIT_EQUAL((unsigned)reserve_bootmem_node(NODE_DATA(0), 0x2000, 0x1000, BOOTMEM_EXCLUSIVE), 0);
  KIT_EQUAL(kit_address(alloc_bootmem_node(NODE_DATA(0), 100)), 0x3000);
  KIT_EQUAL(bootmem_map_word(NODE_DATA(0), 0), 0xf);
  KIT_EQUAL(free_all_bootmem(), 0x100 - 3);
  return kit_finish();
}
