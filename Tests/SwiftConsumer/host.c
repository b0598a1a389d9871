/* SPDX-License-Identifier: MIT */
// Runs the consumer's function as part of a program of this host, with an arena for its memory.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { arena_size = 64 << 20, page_size = 4096 };

uint64_t kernel_set_up_memory(uintptr_t direct_map_offset, void *storage);

static int all_bytes_are(const unsigned char *memory, size_t size, unsigned char byte) {
  return memory[0] == byte && memcmp(memory, memory + 1, size - 1) == 0;
}

int main(void) {
  static _Alignas(16) unsigned char storage[4096];
  unsigned char *arena = aligned_alloc(page_size, arena_size);
  if (arena == NULL) return 2;
  memset(arena, 0xa5, arena_size);
  // Two ranges are freed, the kernel's is reserved, and four pages are allocated.
  uint64_t expected = 0x9e + 0x3f00 - 0x80 - 4;
  uint64_t given_away = kernel_set_up_memory((uintptr_t)arena, storage);
  if (given_away != expected) {
    printf("%llu pages were given away, not %llu\n", (unsigned long long)given_away,
           (unsigned long long)expected);
    return 1;
  }
  // The page tables lie at the default goal, 16 MiB, and nothing but them is cleared.
  const size_t tables = 16 << 20, tables_end = tables + 4 * page_size;
  if (!all_bytes_are(arena, tables, 0xa5) || !all_bytes_are(arena + tables, 4 * page_size, 0) ||
      !all_bytes_are(arena + tables_end, arena_size - tables_end, 0xa5)) {
    puts("other memory than that of the page tables was cleared");
    return 1;
  }
  return 0;
}
