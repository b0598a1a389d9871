/* SPDX-License-Identifier: MIT */
/* ACPI's table of affinities.  Source: ACPI specification 6.5, sections 5.2.5 to 5.2.8, 5.2.16. */
#include "oracle.h"

enum { NODE_CAPACITY = 64, HEADER = 36 };

static bool sums_to_zero(const struct oracle_memory *memory, uint64_t start, uint64_t size)
{
  uint64_t sum = 0, byte;

  while (size-- > 0) {
    if (!oracle_take(memory, start + size, 1, &byte)) return false;
    sum += byte;
  }
  return (sum & 0xff) == 0;
}

/* The size of a whole table with this signature; 0 if there is none. */
static uint64_t table_size(const struct oracle_memory *memory, uint64_t table, const char *name)
{
  uint64_t letters, size, wanted = 0;

  for (int index = 3; index >= 0; index--) wanted = wanted << 8 | (uint8_t)name[index];
  if (table == 0 || !oracle_take(memory, table, 4, &letters) || letters != wanted ||
      !oracle_take(memory, table + 4, 4, &size) || size < HEADER ||
      !sums_to_zero(memory, table, size))
    return 0;
  return size;
}

/* The first SRAT that the table of all tables has; false if there is none. */
static bool find_srat(const struct oracle_memory *memory, uint64_t root, uint64_t *srat)
{
  uint64_t revision, size, narrow, wide = 0, table, letters, width = 8, list_size = 0;

  if (!sums_to_zero(memory, root, 20) || !oracle_take(memory, root, 8, &letters) ||
      letters != 0x2052545020445352 || !oracle_take(memory, root + 15, 1, &revision) ||
      !oracle_take(memory, root + 16, 4, &narrow))
    return false;
  if (revision >= 2 && oracle_take(memory, root + 20, 4, &size) && size >= 36 && size <= 256 &&
      sums_to_zero(memory, root, size) && oracle_take(memory, root + 24, 8, &wide))
    list_size = table_size(memory, wide, "XSDT");
  if (list_size == 0) {
    width = 4;
    wide = narrow;
    list_size = table_size(memory, narrow, "RSDT");
  }
  for (uint64_t offset = HEADER; offset + width <= list_size; offset += width)
    if (oracle_take(memory, wide + offset, (unsigned)width, &table) &&
        oracle_take(memory, table, 4, &letters) && letters == 0x54415253) {
      *srat = table;
      return true;
    }
  return false;
}

static const struct {
  uint8_t flags, domain;
} fields[] = {{4, 2}, {28, 2}, {12, 4}, {10, 2}, {0, 0}, {24, 4}};

/* The domain of an enabled entry; false for others, and those too small for their type. */
static bool take_entry(const struct oracle_memory *memory, uint64_t entry, uint64_t type,
                       uint64_t size, bool is_old, uint64_t *domain)
{
  uint64_t flags, high;

  if (type >= sizeof fields / sizeof fields[0] || fields[type].flags == 0 ||
      size < (type == 0 ? 12u : fields[type].flags + 4u) ||
      !oracle_take(memory, entry + fields[type].flags, 4, &flags) || !(flags & 1))
    return false;
  if (!oracle_take(memory, entry + fields[type].domain, 4, domain)) return false;
  if (type == 0) {
    /* A processor's domain has its lowest byte apart from the others. */
    if (!oracle_take(memory, entry + 8, 4, &high)) return false;
    *domain = (*domain & 0xff) | (high & 0xffffff00);
  }
  /* Before revision 2 a domain has 8 bits, in the types that there were then. */
  if (is_old && type <= 1) *domain &= 0xff;
  return true;
}

void oracle_srat(const struct oracle_memory *memory, uint64_t root_pointer,
                 struct oracle_map *map)
{
  uint64_t table, end, revision, type, size, domain, start, length, domains[NODE_CAPACITY];
  uint32_t node_count = 0, node;

  if (!find_srat(memory, root_pointer, &table)) return;
  end = table + table_size(memory, table, "SRAT");
  if (end == table || !oracle_take(memory, table + 8, 1, &revision)) return;
  /* Nodes are numbered as their domains appear: those of processors, then those of memory. */
  for (int with_memory = 0; with_memory <= 1; with_memory++) {
    for (uint64_t entry = table + 48; entry + 2 <= end; entry += size) {
      if (!oracle_take(memory, entry, 1, &type) || !oracle_take(memory, entry + 1, 1, &size) ||
          size < 2 || size > end - entry)
        break;
      if ((type == 1) != with_memory ||
          !take_entry(memory, entry, type, size, revision < 2, &domain))
        continue;
      for (node = 0; node < node_count && domains[node] != domain;) node++;
      if (node == NODE_CAPACITY) return;
      if (node == node_count) domains[node_count++] = domain;
      if (type == 1 && oracle_take(memory, entry + 8, 8, &start) &&
          oracle_take(memory, entry + 16, 8, &length))
        oracle_add(map, start, length, node);
    }
  }
}

/* ---- Checksums ---- */

/* Changes the byte at `place` so that `size` bytes from `start` on sum to 0. */
static void correct(uint8_t *bytes, uint64_t size, uint64_t start, uint64_t table_size,
                    uint64_t place)
{
  uint8_t sum = 0;

  if (start > size || table_size > size - start || place >= table_size) return;
  for (uint64_t index = 0; index < table_size; index++) sum += bytes[start + index];
  bytes[start + place] -= sum;
}

void oracle_correct_checksums(uint8_t *bytes, uint64_t start, uint64_t size,
                              uint64_t root_pointer)
{
  struct oracle_memory memory = {bytes, start, size};
  uint64_t table, list_size, entry, length;

  /* The tables first, as the lists of them change no more then; the pointer's second sum covers the
   * first. */
  for (int wide = 1; wide >= 0; wide--) {
    if (!oracle_take(&memory, root_pointer + (wide ? 24 : 16), wide ? 8 : 4, &table) ||
        !oracle_take(&memory, table + 4, 4, &list_size))
      continue;
    for (uint64_t offset = HEADER; offset < list_size; offset += wide ? 8 : 4) {
      if (!oracle_take(&memory, table + offset, wide ? 8 : 4, &entry)) break;
      if (entry >= start && oracle_take(&memory, entry + 4, 4, &length))
        correct(bytes, size, entry - start, length, 9);
    }
    if (table >= start) correct(bytes, size, table - start, list_size, 9);
  }
  correct(bytes, size, root_pointer - start, 20, 8);
  if (oracle_take(&memory, root_pointer + 20, 4, &length))
    correct(bytes, size, root_pointer - start, length, 32);
}
