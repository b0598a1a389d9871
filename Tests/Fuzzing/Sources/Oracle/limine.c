/* SPDX-License-Identifier: MIT */
/* Limine's memory map.  Source: The Limine Boot Protocol, "Memory Map Feature". */
#include "oracle.h"

void oracle_limine(const struct oracle_memory *memory, uint64_t response,
                   uint64_t direct_map_offset, struct oracle_map *map)
{
  static const uint8_t kinds[] = {
    ORACLE_USABLE,
    ORACLE_RESERVED,
    ORACLE_ACPI_RECLAIMABLE,
    ORACLE_ACPI_NVS,
    ORACLE_UNUSABLE,
    ORACLE_USABLE, /* the loader's, as long as it is needed */
    ORACLE_USABLE, /* kernel and modules */
    ORACLE_RESERVED /* the screen */
  };
  uint64_t count, list, entry, start, size, type;

  if (!oracle_take(memory, response + 8, 8, &count) ||
      !oracle_take(memory, response + 16, 8, &list) || list < direct_map_offset)
    return;
  /* Pointers are virtual.  An entry out of reach is none; a pointer out of reach is the end. */
  for (list -= direct_map_offset; count-- > 0 && oracle_take(memory, list, 8, &entry); list += 8) {
    if (entry < direct_map_offset) continue;
    entry -= direct_map_offset;
    if (oracle_take(memory, entry, 8, &start) && oracle_take(memory, entry + 8, 8, &size) &&
        oracle_take(memory, entry + 16, 8, &type))
      oracle_add(map, start, size, type < sizeof kinds ? kinds[type] : ORACLE_RESERVED);
  }
}
