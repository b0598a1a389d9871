/* SPDX-License-Identifier: MIT */
/* EFI's memory map.  Source: UEFI specification 2.10, section 7.2.3. */
#include "oracle.h"

enum { WRITE_BACK = 1 << 3, SPECIFIC_PURPOSE = 1 << 18 };

static uint32_t kind_of(uint64_t type, uint64_t attributes, bool has_boot_services)
{
  enum { LOADER_CODE = 1, LOADER_DATA, BOOT_CODE, BOOT_DATA, CONVENTIONAL = 7 };

  switch (type) {
  case BOOT_CODE:
  case BOOT_DATA:
    if (has_boot_services) return ORACLE_RESERVED;
    break;
  case CONVENTIONAL:
    if (attributes & SPECIFIC_PURPOSE) return ORACLE_SOFT_RESERVED;
    break;
  case LOADER_CODE:
  case LOADER_DATA:
    break;
  case 8:
    return ORACLE_UNUSABLE;
  case 9:
    return ORACLE_ACPI_RECLAIMABLE;
  case 10:
    return ORACLE_ACPI_NVS;
  case 14:
    return ORACLE_PERSISTENT;
  default:
    /* Runtime services among them. */
    return ORACLE_RESERVED;
  }
  return attributes & WRITE_BACK ? ORACLE_USABLE : ORACLE_RESERVED;
}

void oracle_efi(const struct oracle_memory *memory, uint64_t table, uint64_t size, uint64_t stride,
                bool has_boot_services, struct oracle_map *map)
{
  uint64_t entry = table, type, start, page_count, attributes;

  if (stride < 40) return;
  if (size > ORACLE_LIST_SIZE) size = ORACLE_LIST_SIZE;
  for (uint64_t count = size / stride; count > 0; count--) {
    if (!oracle_take(memory, entry, 4, &type) || !oracle_take(memory, entry + 8, 8, &start) ||
        !oracle_take(memory, entry + 24, 8, &page_count) ||
        !oracle_take(memory, entry + 32, 8, &attributes))
      return;
    /* EFI's pages have 4096 bytes on every processor. */
    oracle_add(map, start, page_count >= 1ULL << 52 ? UINT64_MAX : page_count * 4096,
               kind_of(type, attributes, has_boot_services));
    if (__builtin_add_overflow(entry, stride, &entry)) return;
  }
}
