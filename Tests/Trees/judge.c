/* SPDX-License-Identifier: MIT */
/* Prints what libfdt makes of a device tree, for scripts/check-trees: a line `FIRST LAST KIND` for
 * each range of memory, and of memory that must not be mapped, LAST being `empty` where there is no
 * byte; `refused`, if libfdt refuses the tree. */
#include "oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RANGE_CAPACITY = 1 << 16, TREE_CAPACITY = 2 << 20 };

int main(int count, char **arguments)
{
  struct oracle_map map = {.capacity = RANGE_CAPACITY};
  uint8_t *bytes = malloc(TREE_CAPACITY);
  FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
  size_t size;

  map.ranges = calloc(RANGE_CAPACITY, sizeof *map.ranges);
  if (bytes == NULL || map.ranges == NULL || file == NULL) {
    fprintf(stderr, "usage: %s TREE\n", arguments[0]);
    return 2;
  }
  size = fread(bytes, 1, TREE_CAPACITY, file);
  if (oracle_tree(bytes, size, &map) != ORACLE_TREE_READ) {
    puts("refused");
    return 0;
  }
  for (size_t index = 0; index < map.count && index < map.capacity; index++) {
    const struct oracle_range *range = &map.ranges[index];

    const char *kind = range->kind == ORACLE_NO_MAP ? "no-map" : "usable";

    if (range->kind == ORACLE_HELD) continue;
    if (range->is_empty)
      printf("%" PRIx64 " empty %s\n", range->first, kind);
    else
      printf("%" PRIx64 " %" PRIx64 " %s\n", range->first, range->last, kind);
  }
  return 0;
}
