/* SPDX-License-Identifier: MIT */
/* What a device tree wants to be reserved without saying where, by libfdt.  Source: Devicetree
 * Specification 0.4, section 3.5.3. */
#include "oracle.h"

#ifdef ORACLE_LIBFDT
#include "tree_values.h"

#include <stdlib.h>

/* A property that is one size; false if it is none. */
static bool take_size(const void *tree, int node, const char *name, int cells, uint64_t *number)
{
  int size;
  const fdt32_t *value = property(tree, node, name, &size);

  return value != NULL && size == 4 * cells && take_number(value, cells, number);
}

static struct oracle_request request_of(const void *tree, int area, int node, struct cells root,
                                        struct cells cells, uint64_t size)
{
  struct oracle_request request = {.size = size, .alignment = 1};
  struct list list = list_of(tree, node, "alloc-ranges", cells);
  uint64_t number, start, length;

  if (take_size(tree, node, "alignment", cells.size, &number) && number != 0 &&
      (number & (number - 1)) == 0)
    request.alignment = number;
  request.is_unmapped = property(tree, node, "no-map", NULL) != NULL;
  request.is_anywhere = list.value == NULL;
  for (int index = 0; index < list.count; index++) {
    if (!take_pair(&list, index, &start, &length) || !translate(tree, area, root, &start) ||
        length == 0)
      continue;
    if (request.window_count < ORACLE_WINDOW_CAPACITY) {
      request.first[request.window_count] = start;
      request.last[request.window_count] =
        length - 1 > UINT64_MAX - start ? UINT64_MAX : start + length - 1;
    }
    request.window_count++;
  }
  return request;
}

static size_t requests_of(const void *tree, struct oracle_request *requests, size_t capacity)
{
  int area, node;
  size_t count = 0;
  uint64_t size;
  struct cells root, cells;

  if (!take_cells(tree, 0, &root)) return 0;
  fdt_for_each_subnode(area, tree, 0) {
    if (!take_area(tree, area, root, &cells)) continue;
    fdt_for_each_subnode(node, tree, area) {
      if (!is_available(tree, node) || property(tree, node, "reg", NULL) != NULL ||
          !take_size(tree, node, "size", cells.size, &size) || size == 0)
        continue;
      if (count < capacity)
        requests[count] = request_of(tree, area, node, root, cells, size);
      count++;
    }
  }
  return count;
}

size_t oracle_requests(const void *bytes, size_t size, struct oracle_request *requests,
                       size_t capacity)
{
  size_t total_size = fdt_totalsize(bytes) > size ? fdt_totalsize(bytes) : size, count = 0;
  void *tree = calloc(1, total_size);

  if (tree != NULL) count = requests_of(memcpy(tree, bytes, size), requests, capacity);
  free(tree);
  return count;
}

#else

size_t oracle_requests(const void *bytes, size_t size, struct oracle_request *requests,
                       size_t capacity)
{
  (void)bytes, (void)size, (void)requests, (void)capacity;
  return 0;
}
#endif
