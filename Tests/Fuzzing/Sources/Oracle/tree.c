/* SPDX-License-Identifier: MIT */
/* Device trees, by libfdt.  Sources: Devicetree Specification 0.4, sections 2.3.5 to 2.3.8, 3.4,
 * 3.5 and 5.3; Devicetree schemas `chosen` and `memory`. */
#include "oracle.h"

#ifdef ORACLE_LIBFDT
#include <libfdt.h>
#include <string.h>

struct cells {
  int address, size;
};

/* A property of a node; NULL if there is none. */
static const fdt32_t *property(const void *tree, int node, const char *name, int *size)
{
  return fdt_getprop(tree, node, name, size);
}

static bool holds(const void *tree, int node, const char *name, const char *text)
{
  int size;
  const void *value = property(tree, node, name, &size);

  return value != NULL && size > (int)strlen(text) && memcmp(value, text, strlen(text) + 1) == 0;
}

static bool is_named(const void *tree, int node, const char *name)
{
  const char *whole = fdt_get_name(tree, node, NULL);
  size_t length = strlen(name);

  return whole != NULL && strncmp(whole, name, length) == 0 &&
         (whole[length] == 0 || whole[length] == '@');
}

static bool is_available(const void *tree, int node)
{
  return property(tree, node, "status", NULL) == NULL || holds(tree, node, "status", "okay") ||
         holds(tree, node, "status", "ok");
}

static bool take_count(const void *tree, int node, const char *name, int *count)
{
  int size;
  const fdt32_t *value = property(tree, node, name, &size);

  if (value == NULL) return true;
  if (size != 4 || fdt32_to_cpu(*value) > 4) return false;
  *count = (int)fdt32_to_cpu(*value);
  return true;
}

static bool take_cells(const void *tree, int node, struct cells *cells)
{
  *cells = (struct cells){2, 1};
  return take_count(tree, node, "#address-cells", &cells->address) &&
         take_count(tree, node, "#size-cells", &cells->size);
}

/* A number of so many cells; false if it does not fit 64 bits. */
static bool take_number(const fdt32_t *value, int count, uint64_t *number)
{
  for (*number = 0; count-- > 0; value++) {
    if (*number >> 32 != 0) return false;
    *number = *number << 32 | fdt32_to_cpu(*value);
  }
  return true;
}

/* A list of addresses and sizes. */
struct list {
  const fdt32_t *value;
  int count;
  struct cells cells;
};

static struct list list_of(const void *tree, int node, const char *name, struct cells cells)
{
  struct list list = {0, 0, cells};
  int size = 0;

  list.value = property(tree, node, name, &size);
  if (list.value != NULL && cells.address + cells.size > 0)
    list.count = size / 4 / (cells.address + cells.size);
  return list;
}

static bool take_pair(const struct list *list, int index, uint64_t *start, uint64_t *size)
{
  const fdt32_t *pair = list->value + index * (list->cells.address + list->cells.size);

  return take_number(pair, list->cells.address, start) &&
         take_number(pair + list->cells.address, list->cells.size, size);
}

static uint64_t last_of(uint64_t start, uint64_t size)
{
  return size - 1 > UINT64_MAX - start ? UINT64_MAX : start + size - 1;
}

/* ---- Memory ---- */

/* Adds memory, or, where it is limited, the part in each of the limits. */
static void add_memory(struct oracle_map *map, const struct list *limits, uint64_t start,
                       uint64_t size)
{
  uint64_t limit, limit_size;

  if (limits->count == 0) {
    oracle_add(map, start, size, ORACLE_USABLE);
    return;
  }
  for (int index = 0; index < limits->count && index < 16; index++) {
    if (size == 0 || !take_pair(limits, index, &limit, &limit_size) || limit_size == 0) continue;
    uint64_t first = start > limit ? start : limit;
    uint64_t last = last_of(start, size), limit_last = last_of(limit, limit_size);

    if (limit_last < last) last = limit_last;
    /* All of the address space is more than a size can say, so there is always a number. */
    if (first <= last) oracle_add(map, first, last - first + 1, ORACLE_USABLE);
  }
}

static void read_memory(const void *tree, struct cells cells, struct oracle_map *map)
{
  int chosen = -1, node;
  struct list limits = {0, 0, cells}, list;
  uint64_t start, size;

  fdt_for_each_subnode(node, tree, 0)
    if (chosen < 0 && is_named(tree, node, "chosen")) chosen = node;
  if (chosen >= 0) limits = list_of(tree, chosen, "linux,usable-memory-range", cells);
  fdt_for_each_subnode(node, tree, 0) {
    if (property(tree, node, "device_type", NULL) == NULL
          ? !is_named(tree, node, "memory")
          : !holds(tree, node, "device_type", "memory"))
      continue;
    if (!is_available(tree, node)) continue;
    list = list_of(tree, node, "linux,usable-memory", cells);
    if (list.value == NULL) list = list_of(tree, node, "reg", cells);
    for (int index = 0; index < list.count; index++)
      if (take_pair(&list, index, &start, &size)) add_memory(map, &limits, start, size);
  }
}

/* ---- What is reserved ---- */

/* The address as the root's children have it; false if the bus does not say it. */
static bool translate(const void *tree, int bus, struct cells outer, uint64_t *address)
{
  struct cells cells;
  int size, stride;
  const fdt32_t *ranges = property(tree, bus, "ranges", &size);
  uint64_t inner, start, length;

  /* Without the property the same is meant as with an empty one. */
  if (ranges == NULL || size == 0 || !take_cells(tree, bus, &cells)) return true;
  stride = cells.address + outer.address + cells.size;
  for (int index = 0; stride > 0 && index < size / 4 / stride && index < 64; index++) {
    const fdt32_t *range = ranges + index * stride;

    if (take_number(range, cells.address, &inner) &&
        take_number(range + cells.address, outer.address, &start) &&
        take_number(range + cells.address + outer.address, cells.size, &length) &&
        *address >= inner && *address - inner < length)
      return !__builtin_add_overflow(start, *address - inner, address);
  }
  return false;
}

static void read_reserved(const void *tree, struct cells root, struct oracle_map *map)
{
  int area, node;
  struct cells cells;
  uint64_t start, size;

  /* Both numbers of the last entry are 0; libfdt's count ends at a size of 0. */
  for (int index = 0;
       fdt_get_mem_rsv(tree, index, &start, &size) == 0 && (start | size) != 0; index++)
    oracle_add(map, start, size, ORACLE_HELD);
  fdt_for_each_subnode(area, tree, 0) {
    if (!is_named(tree, area, "reserved-memory") || !is_available(tree, area)) continue;
    cells = root;
    if (property(tree, area, "#address-cells", NULL) != NULL &&
        property(tree, area, "#size-cells", NULL) != NULL && !take_cells(tree, area, &cells))
      continue;
    fdt_for_each_subnode(node, tree, area) {
      struct list list = list_of(tree, node, "reg", cells);
      bool is_mapped = property(tree, node, "no-map", NULL) == NULL;

      if (!is_available(tree, node)) continue;
      for (int index = 0; index < list.count; index++)
        if (take_pair(&list, index, &start, &size)) {
          if (size > 0) size = last_of(start, size) - start + 1;
          if (translate(tree, area, root, &start))
            oracle_add(map, start, size, is_mapped ? ORACLE_HELD : ORACLE_NO_MAP);
        }
    }
  }
}

/* libfdt wants a root without a name. */
static bool has_named_root(const void *tree)
{
  const char *name = fdt_check_header(tree) == 0 ? fdt_get_name(tree, 0, NULL) : NULL;

  return name != NULL && name[0] != 0;
}

enum oracle_tree_result oracle_tree(const void *bytes, size_t size, struct oracle_map *map)
{
  /* The most that the reader takes. */
  static uint8_t tree[2 << 20];
  static size_t used_size;
  struct cells cells;
  size_t total_size;

  if (size < sizeof(struct fdt_header)) return ORACLE_TREE_REFUSED;
  if (size > sizeof tree) return ORACLE_TREE_UNKNOWN;
  /* In a machine there is always memory behind the last block. */
  total_size = fdt_totalsize(bytes) > size ? fdt_totalsize(bytes) : size;
  if (used_size > size) memset(tree + size, 0, used_size - size);
  memcpy(tree, bytes, size);
  used_size = size;
  if (total_size > sizeof tree) return ORACLE_TREE_UNKNOWN;
  if (fdt_check_full(tree, total_size) != 0)
    return has_named_root(tree) ? ORACLE_TREE_UNKNOWN : ORACLE_TREE_REFUSED;
  if (take_cells(tree, 0, &cells) && cells.address > 0 && cells.size > 0) {
    read_memory(tree, cells, map);
    read_reserved(tree, cells, map);
  }
  return ORACLE_TREE_READ;
}

#else

enum oracle_tree_result oracle_tree(const void *tree, size_t size, struct oracle_map *map)
{
  (void)tree, (void)size, (void)map;
  return ORACLE_TREE_UNKNOWN;
}
#endif
