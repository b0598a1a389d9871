/* SPDX-License-Identifier: MIT */
/* Multiboot 2's tags.  Source: Multiboot2 specification 2.0, section 3.6. */
#include "oracle.h"

struct tag {
  uint64_t start, size;
};

/* The first tag of a type, looked for up to the final one; false if there is none. */
static bool find_tag(const struct oracle_memory *memory, uint64_t information, uint64_t wanted,
                     struct tag *tag)
{
  uint64_t size, type, end;

  if (!oracle_take(memory, information, 4, &size)) return false;
  end = information + (size < ORACLE_LIST_SIZE ? size : ORACLE_LIST_SIZE);
  for (tag->start = information + 8; tag->start + 8 <= end; tag->start += (tag->size + 7) & ~7ULL) {
    if (!oracle_take(memory, tag->start, 4, &type) ||
        !oracle_take(memory, tag->start + 4, 4, &tag->size) || type == 0 || tag->size < 8 ||
        tag->size > end - tag->start)
      return false;
    if (type == wanted) return true;
  }
  return false;
}

/* The tag's list, behind the size of an entry and a version. */
static bool find_list(const struct oracle_memory *memory, uint64_t information, uint64_t type,
                      struct tag *list, uint64_t *stride)
{
  if (!find_tag(memory, information, type, list) || list->size < 16 ||
      !oracle_take(memory, list->start + 8, 4, stride))
    return false;
  list->start += 16;
  list->size -= 16;
  return true;
}

/* The greatest kind that a map has at a place; -1 for none. */
static int kind_at(const struct oracle_range *ranges, size_t count, uint64_t place)
{
  int kind = -1;

  for (; count-- > 0; ranges++)
    if (!ranges->is_empty && ranges->first <= place && place <= ranges->last &&
        (int)ranges->kind > kind)
      kind = (int)ranges->kind;
  return kind;
}

/* Reserves what one of two maps calls usable and the other does not know, from `place` up to where
 * any range begins or ends. */
static void reserve_difference(struct oracle_map *map, size_t first, size_t count, uint64_t place)
{
  int one = kind_at(map->ranges, first, place);
  int other = kind_at(map->ranges + first, count - first, place);
  uint64_t last = UINT64_MAX;

  if ((one != -1 || other != ORACLE_USABLE) && (other != -1 || one != ORACLE_USABLE)) return;
  for (size_t index = 0; index < count; index++) {
    const struct oracle_range *range = &map->ranges[index];

    if (range->is_empty) continue;
    if (range->first > place && range->first - 1 < last) last = range->first - 1;
    if (range->last >= place && range->last < last) last = range->last;
  }
  oracle_add(map, place, last - place == UINT64_MAX ? UINT64_MAX : last - place + 1,
             ORACLE_RESERVED);
}

static void reserve_differences(struct oracle_map *map, size_t first)
{
  size_t count = map->count;

  if (first == 0 || count == first) return;
  for (size_t index = 0; index < count; index++) {
    const struct oracle_range range = map->ranges[index];

    if (range.is_empty) continue;
    reserve_difference(map, first, count, range.first);
    if (range.last < UINT64_MAX) reserve_difference(map, first, count, range.last + 1);
  }
}

void oracle_multiboot2(const struct oracle_memory *memory, uint64_t information,
                       struct oracle_map *map)
{
  enum { BASIC_SIZES = 4, MEMORY_MAP = 6, EFI_MAP = 17, EFI_SERVICES_RUN = 18 };
  struct tag tag;
  uint64_t stride, low, high;
  size_t first;

  if (find_list(memory, information, MEMORY_MAP, &tag, &stride) && stride != 0)
    oracle_e820(memory, tag.start, tag.size / stride, stride, map);
  first = map->count;
  if (find_list(memory, information, EFI_MAP, &tag, &stride)) {
    struct tag services;

    oracle_efi(memory, tag.start, tag.size, stride,
               find_tag(memory, information, EFI_SERVICES_RUN, &services), map);
  }
  /* Usable is what both maps call so. */
  reserve_differences(map, first);
  if (map->count == 0 && find_tag(memory, information, BASIC_SIZES, &tag) && tag.size >= 16 &&
      oracle_take(memory, tag.start + 8, 4, &low) &&
      oracle_take(memory, tag.start + 12, 4, &high)) {
    if (low != 0) oracle_add(map, 0, low << 10, ORACLE_USABLE);
    if (high != 0) oracle_add(map, 1 << 20, high << 10, ORACLE_USABLE);
  }
}
