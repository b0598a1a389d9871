/* SPDX-License-Identifier: MIT */
/* Device trees, by libfdt.  Sources: Devicetree Specification 0.4, sections 2.3.5 to 2.3.8, 3.4,
 * 3.5 and 5.3; Devicetree schemas `chosen` and `memory`. */
#include "oracle.h"

#ifdef ORACLE_LIBFDT
#include "tree_values.h"

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

/* The ELF header of a kernel that has crashed. */
static void read_crash_header(const void *tree, struct cells cells, struct oracle_map *map)
{
  int node;
  uint64_t start, size;

  fdt_for_each_subnode(node, tree, 0)
    if (is_named(tree, node, "chosen")) {
      struct list list = list_of(tree, node, "linux,elfcorehdr", cells);

      if (list.count > 0 && take_pair(&list, 0, &start, &size))
        oracle_add(map, start, size, ORACLE_HELD);
      return;
    }
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
    if (!take_area(tree, area, root, &cells)) continue;
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

/* Whether each token leads to one behind it.  At a property whose length wraps around, libfdt's full check
   would go round for ever. */
static bool has_end(const void *tree)
{
  int offset = 0, next;

  while (fdt_next_tag(tree, offset, &next) != FDT_END) {
    if (next <= offset) return false;
    offset = next;
  }
  return true;
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
  /* The specification begins with this version; of an older one, whose root's name has no slash, libfdt's
     full check reads through a null pointer. */
  if (fdt_version(tree) < 16) return ORACLE_TREE_REFUSED;
  if (fdt_check_header(tree) == 0 && !has_end(tree)) return ORACLE_TREE_UNKNOWN;
  if (fdt_check_full(tree, total_size) != 0)
    return has_named_root(tree) ? ORACLE_TREE_UNKNOWN : ORACLE_TREE_REFUSED;
  if (take_cells(tree, 0, &cells) && cells.address > 0 && cells.size > 0) {
    read_memory(tree, cells, map);
    read_reserved(tree, cells, map);
    read_crash_header(tree, cells, map);
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
