/* SPDX-License-Identifier: MIT */
/* A library built by --nodes 2 has two nodes and no more. */
#include "kit.h"

_Static_assert(BOOTMEM_MAX_NODES == 2, "the header says how many");

int main(void)
{
  static unsigned long maps[2][BOOTMEM_BITMAP_BYTES(0x100) / sizeof(long)];
  const char *first = (const char *)bootmem_node(0);
  struct bootmem_request request = {.size = 1, .nid = 2};
  unsigned long address = 0;
  int nid;

  kit_test("a library for two nodes has two");
  kit_setup(0, 0x200);
  for (nid = 0; nid < 2; nid++) {
    unsigned long start = (unsigned long)nid * 0x100;

    KIT_EXPECT(bootmem_init_node_at(bootmem_node(nid), maps[nid], start, start + 0x100) != 0);
  }
  free_bootmem(0, 0x200000);
  KIT_EQUAL(kit_address(__alloc_bootmem_node(bootmem_node(1), 1, 0, 0)), 0x100000);
  KIT_EXPECT(bootmem_node(2) == NULL);
  KIT_EXPECT(bootmem_allocate(&request, &address) == EINVAL_RESULT);
  KIT_CATCH(__alloc_bootmem_node((pg_data_t *)(first + 2 * ((const char *)bootmem_node(1) - first)),
    1, 0, 0));
  KIT_EQUAL((unsigned)kit_fault, BOOTMEM_FAULT_MISUSE);
  KIT_EQUAL((unsigned)bootmem_is_reserved(0x100), 1);
  KIT_EXPECT(bootmem_is_reserved(0x200) == EINVAL_RESULT);
  KIT_EQUAL(free_all_bootmem(), 0x1ff);
  return kit_finish();
}
