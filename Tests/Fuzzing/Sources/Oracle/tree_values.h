/* SPDX-License-Identifier: MIT */
/* The values of a device tree's properties, by libfdt; for tree.c and requests.c. */
#ifndef TREE_VALUES_H
#define TREE_VALUES_H

#include "oracle.h"

#include <libfdt.h>
#include <string.h>

struct cells {
  int address, size;
};

/* A property of a node; NULL if there is none. */
static inline const fdt32_t *property(const void *tree, int node, const char *name, int *size)
{
  return fdt_getprop(tree, node, name, size);
}

static inline bool holds(const void *tree, int node, const char *name, const char *text)
{
  int size;
  const void *value = property(tree, node, name, &size);

  return value != NULL && size > (int)strlen(text) && memcmp(value, text, strlen(text) + 1) == 0;
}

static inline bool is_named(const void *tree, int node, const char *name)
{
  const char *whole = fdt_get_name(tree, node, NULL);
  size_t length = strlen(name);

  return whole != NULL && strncmp(whole, name, length) == 0 &&
         (whole[length] == 0 || whole[length] == '@');
}

static inline bool is_available(const void *tree, int node)
{
  return property(tree, node, "status", NULL) == NULL || holds(tree, node, "status", "okay") ||
         holds(tree, node, "status", "ok");
}

static inline bool take_count(const void *tree, int node, const char *name, int *count)
{
  int size;
  const fdt32_t *value = property(tree, node, name, &size);

  if (value == NULL) return true;
  if (size != 4 || fdt32_to_cpu(*value) > 4) return false;
  *count = (int)fdt32_to_cpu(*value);
  return true;
}

static inline bool take_cells(const void *tree, int node, struct cells *cells)
{
  *cells = (struct cells){2, 1};
  return take_count(tree, node, "#address-cells", &cells->address) &&
         take_count(tree, node, "#size-cells", &cells->size);
}

/* A number of so many cells; false if it does not fit 64 bits. */
static inline bool take_number(const fdt32_t *value, int count, uint64_t *number)
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

static inline struct list list_of(const void *tree, int node, const char *name, struct cells cells)
{
  struct list list = {0, 0, cells};
  int size = 0;

  list.value = property(tree, node, name, &size);
  if (list.value != NULL && cells.address + cells.size > 0)
    list.count = size / 4 / (cells.address + cells.size);
  return list;
}

static inline bool take_pair(const struct list *list, int index, uint64_t *start, uint64_t *size)
{
  const fdt32_t *pair = list->value + index * (list->cells.address + list->cells.size);

  return take_number(pair, list->cells.address, start) &&
         take_number(pair + list->cells.address, list->cells.size, size);
}

/* The address as the root's children have it; false if the bus does not say it. */
static inline bool translate(const void *tree, int bus, struct cells outer, uint64_t *address)
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

/* Whether a child of the root lists what is reserved, and the cells that its addresses have. */
static inline bool take_area(const void *tree, int area, struct cells root, struct cells *cells)
{
  *cells = root;
  return is_named(tree, area, "reserved-memory") && is_available(tree, area) &&
         (property(tree, area, "#address-cells", NULL) == NULL ||
          property(tree, area, "#size-cells", NULL) == NULL || take_cells(tree, area, cells));
}

#endif
