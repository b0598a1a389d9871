/* SPDX-License-Identifier: MIT */
/* Tables of the BIOS call e820 and those who carry them.  Sources: ACPI specification 6.5, tables
 * 15.1 and 15.2; Multiboot 0.6.96, section 3.3; Xen's start_info.h; Linux's documentation of the
 * zero page and of boot protocol 2.15. */
#include "oracle.h"

/* What a type is; 12 and 0xefffffff are no types of ACPI's, but of Linux's loaders. */
static uint32_t kind_of(uint64_t type)
{
  static const uint8_t kinds[] = {ORACLE_RESERVED,   ORACLE_USABLE,   ORACLE_RESERVED,
                                  ORACLE_ACPI_RECLAIMABLE, ORACLE_ACPI_NVS, ORACLE_UNUSABLE,
                                  ORACLE_RESERVED,   ORACLE_PERSISTENT};

  if (type < sizeof kinds) return kinds[type];
  if (type == 12) return ORACLE_PERSISTENT;
  return type == 0xefffffff ? ORACLE_SOFT_RESERVED : ORACLE_RESERVED;
}

static bool add_entry(const struct oracle_memory *memory, uint64_t entry, struct oracle_map *map)
{
  uint64_t start, size, type;

  if (!oracle_take(memory, entry, 8, &start) || !oracle_take(memory, entry + 8, 8, &size) ||
      !oracle_take(memory, entry + 16, 4, &type))
    return false;
  oracle_add(map, start, size, kind_of(type));
  return true;
}

void oracle_e820(const struct oracle_memory *memory, uint64_t table, uint64_t count,
                 uint64_t stride, struct oracle_map *map)
{
  if (stride < 20) return;
  if (count > ORACLE_LIST_SIZE / stride) count = ORACLE_LIST_SIZE / stride;
  /* An entry out of reach ends the table: what is reached lies in one piece. */
  for (uint64_t entry = table; count-- > 0 && add_entry(memory, entry, map);)
    if (__builtin_add_overflow(entry, stride, &entry)) return;
}

void oracle_multiboot1(const struct oracle_memory *memory, uint64_t information,
                       struct oracle_map *map)
{
  uint64_t flags, size, entry, end, entry_size, low, high;

  if (!oracle_take(memory, information, 4, &flags)) return;
  if (flags & 1 << 6 && oracle_take(memory, information + 44, 4, &size) &&
      oracle_take(memory, information + 48, 4, &entry)) {
    /* The size in front of an entry does not count itself. */
    for (end = entry + size; entry + 24 <= end; entry += entry_size + 4)
      if (!oracle_take(memory, entry, 4, &entry_size) || entry_size < 20 ||
          !add_entry(memory, entry + 4, map))
        break;
  }
  if (map->count == 0 && flags & 1 && oracle_take(memory, information + 4, 4, &low) &&
      oracle_take(memory, information + 8, 4, &high)) {
    if (low != 0) oracle_add(map, 0, low << 10, ORACLE_USABLE);
    if (high != 0) oracle_add(map, 1 << 20, high << 10, ORACLE_USABLE);
  }
}

void oracle_pvh(const struct oracle_memory *memory, uint64_t information, struct oracle_map *map)
{
  uint64_t magic, version, table, count;

  if (oracle_take(memory, information, 4, &magic) && magic == 0x336ec578 &&
      oracle_take(memory, information + 4, 4, &version) && version >= 1 &&
      oracle_take(memory, information + 40, 8, &table) && table != 0 &&
      oracle_take(memory, information + 48, 4, &count))
    oracle_e820(memory, table, count, 24, map);
}

void oracle_zero_page(const struct oracle_memory *memory, uint64_t page, struct oracle_map *map)
{
  uint64_t magic, version, count, block, next, type, size, low = 0, high = 0;

  if (!oracle_take(memory, page + 0x202, 4, &magic) || magic != 0x53726448 ||
      !oracle_take(memory, page + 0x206, 2, &version))
    return;
  if (oracle_take(memory, page + 0x1e8, 1, &count))
    oracle_e820(memory, page + 0x2d0, count < 128 ? count : 128, 20, map);
  if (version >= 0x209 && oracle_take(memory, page + 0x250, 8, &block)) {
    /* Further entries, in blocks of setup_data of type 1; no list has more than 64. */
    for (int number = 0; block != 0 && number < 64; number++, block = next) {
      if (!oracle_take(memory, block, 8, &next) || !oracle_take(memory, block + 8, 4, &type) ||
          !oracle_take(memory, block + 12, 4, &size))
        break;
      if (type == 1) oracle_e820(memory, block + 16, size / 20, 20, map);
    }
  }
  if (map->count == 0) {
    oracle_take(memory, page + 0x002, 2, &low);
    oracle_take(memory, page + 0x1e0, 4, &high);
    size = low > high ? low : high;
    if (size != 0) oracle_add(map, 0, 0x9f000, ORACLE_USABLE);
    if (size != 0) oracle_add(map, 1 << 20, size << 10, ORACLE_USABLE);
  }
}
