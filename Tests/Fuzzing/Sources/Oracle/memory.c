/* SPDX-License-Identifier: MIT */
/* Bytes and ranges; see oracle.h. */
#include "oracle.h"

bool oracle_take(const struct oracle_memory *memory, uint64_t address, unsigned width,
                 uint64_t *value)
{
  uint64_t offset = address - memory->start;

  if (address < memory->start || offset > memory->size || memory->size - offset < width)
    return false;
  *value = 0;
  while (width-- > 0) *value = *value << 8 | memory->bytes[offset + width];
  return true;
}

void oracle_add(struct oracle_map *map, uint64_t start, uint64_t size, uint32_t kind)
{
  uint64_t room = UINT64_MAX - start;

  if (map->count < map->capacity) {
    struct oracle_range *range = &map->ranges[map->count];

    range->first = start;
    range->is_empty = size == 0;
    range->last = size == 0 ? start : start + (size - 1 < room ? size - 1 : room);
    range->kind = kind;
  }
  map->count++;
}
