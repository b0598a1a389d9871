/* SPDX-License-Identifier: MIT */
/* See model.h. */
#include "model.h"
#include "bootmem.h"

enum { PAGE_SHIFT = BOOTMEM_PAGE_SHIFT, PAGE_MASK = (1 << PAGE_SHIFT) - 1 };

static uint64_t page_up(uint64_t address)
{
  return (address >> PAGE_SHIFT) + ((address & PAGE_MASK) != 0);
}

static uint64_t round_up(uint64_t value, uint64_t step)
{
  return (value + step - 1) & ~(step - 1);
}

/* ---- Bits ---- */

static void mark(struct model_node *node, uint64_t start, uint64_t end, bool is_free)
{
  uint64_t page, bit;

  for (page = start; page < end; page++) {
    bit = page - node->start;
    if (bit % 64 == 0 && end - page >= 64) {
      node->bits[bit / 64] = is_free ? ~0ULL : 0;
      page += 63;
    } else if (is_free) {
      node->bits[bit / 64] |= 1ULL << bit % 64;
    } else {
      node->bits[bit / 64] &= ~(1ULL << bit % 64);
    }
  }
}

uint64_t model_find(const struct model_node *node, uint64_t page, uint64_t end, bool is_free)
{
  while (page < end) {
    uint64_t bit = page - node->start;
    uint64_t word = (is_free ? node->bits[bit / 64] : ~node->bits[bit / 64]) >> bit % 64;

    if (word != 0) {
      page += (uint64_t)__builtin_ctzll(word);
      return page < end ? page : end;
    }
    page += 64 - bit % 64;
  }
  return end;
}

uint64_t model_word(const struct model_node *node, uint64_t index, unsigned width)
{
  uint64_t word = ~node->bits[index * width / 64] >> index * width % 64;

  return width == 64 ? word : word & ((1ULL << width) - 1);
}

/* ---- Nodes ---- */

void model_register(struct model *model, int nid, uint64_t start, uint64_t end, uint64_t *bits)
{
  int place = model->count++;

  model->nodes[nid] = (struct model_node){true, start, end, start, 0, bits};
  for (; place > 0 && model->nodes[model->order[place - 1]].start > start; place--)
    model->order[place] = model->order[place - 1];
  model->order[place] = nid;
}

/* The number of the node that has the page, or -1. */
static int holder(const struct model *model, uint64_t page)
{
  int place;

  for (place = 0; place < model->count; place++) {
    const struct model_node *node = &model->nodes[model->order[place]];

    if (page >= node->start && page < node->end) return model->order[place];
  }
  return -1;
}

/* ---- Ranges ---- */

static void lower_hint(struct model_node *node, uint64_t page)
{
  if (page < node->hint) node->hint = page;
}

/* The part of [start, end) in the node. */
static bool cut(const struct model_node *node, uint64_t *start, uint64_t *end)
{
  if (*start < node->start) *start = node->start;
  if (*end > node->end) *end = node->end;
  return *start < *end;
}

/* Whether every page of [start, end) lies in node `nid` or, without one, in any. */
static bool is_covered(const struct model *model, int nid, uint64_t start, uint64_t end)
{
  if (nid >= 0) return start >= model->nodes[nid].start && end <= model->nodes[nid].end;
  while (start < end) {
    int found = holder(model, start);

    if (found < 0) return false;
    start = model->nodes[found].end;
  }
  return true;
}

/* Takes the pages of each node in turn, and ends the sharing of them. */
static void mark_all(struct model *model, uint64_t start, uint64_t end, bool is_free)
{
  int place;

  for (place = 0; place < model->count; place++) {
    struct model_node *node = &model->nodes[model->order[place]];
    uint64_t first = start, behind = end, shared = node->last_end >> PAGE_SHIFT;

    if (!cut(node, &first, &behind)) continue;
    mark(node, first, behind, is_free);
    if (is_free) lower_hint(node, first);
    if (shared >= first && shared < behind) node->last_end = 0;
  }
}

/* The first page of the range, in all nodes, that is free or not; `end` for none. */
static uint64_t find_all(const struct model *model, uint64_t start, uint64_t end, bool is_free)
{
  int place;

  for (place = 0; place < model->count; place++) {
    const struct model_node *node = &model->nodes[model->order[place]];
    uint64_t first = start, behind = end, found;

    if (!cut(node, &first, &behind)) continue;
    found = model_find(node, first, behind, is_free);
    if (found < behind) return found;
  }
  return end;
}

enum model_result model_free(struct model *model, int nid, uint64_t address, uint64_t size)
{
  uint64_t start = page_up(address), end = (address + size) >> PAGE_SHIFT;
  int found;

  if (page_up(address + size) > model->end_pfn) return MODEL_MISUSE;
  if (start < end) {
    if (!is_covered(model, nid, start, end)) return MODEL_MISUSE;
    if (find_all(model, start, end, true) < end) return MODEL_MISUSE;
    mark_all(model, start, end, true);
    return MODEL_OK;
  }
  /* No whole page, which is fine anywhere.  It lowers a hint, if both ends, as they are rounded, lie
   * in one node. */
  found = holder(model, start);
  if (found >= 0 && (nid < 0 || nid == found) && end >= model->nodes[found].start)
    lower_hint(&model->nodes[found], start);
  return MODEL_OK;
}

enum model_result model_reserve(
  struct model *model, int nid, uint64_t address, uint64_t size, bool exclusively)
{
  uint64_t start = address >> PAGE_SHIFT, end = page_up(address + size), taken;
  int place;

  if (end > model->end_pfn) return MODEL_MISUSE;
  if (size == 0) {
    int found = holder(model, start);

    if (start == end || found < 0 || (nid >= 0 && nid != found)) return MODEL_OK;
  }
  if (!is_covered(model, nid, start, end)) return MODEL_MISUSE;
  taken = find_all(model, start, end, false);
  if (exclusively && taken < end) {
    /* It is undone by a free, which lowers hints. */
    for (place = 0; place < model->count; place++) {
      struct model_node *node = &model->nodes[model->order[place]];
      uint64_t first = start, behind = end;

      if (cut(node, &first, &behind) && first <= taken) lower_hint(node, first);
    }
    return MODEL_BUSY;
  }
  mark_all(model, start, end, false);
  return MODEL_OK;
}

/* ---- Allocation ---- */

/* The first run of `pages` free pages from `page` on that begins at a multiple of `step`. */
static uint64_t find_run(const struct model_node *node, uint64_t page, uint64_t end, uint64_t pages,
  uint64_t step)
{
  while (true) {
    uint64_t taken;

    page = round_up(model_find(node, page, end, true), step);
    if (page >= end || end - page < pages) return UINT64_MAX;
    taken = model_find(node, page, page + pages, false);
    if (taken == page + pages) return page;
    page = taken + 1;
  }
}

static bool allocate_in(struct model_node *node, uint64_t size, uint64_t align, uint64_t goal,
  uint64_t limit_pfn, uint64_t *address)
{
  uint64_t goal_pfn = goal >> PAGE_SHIFT, step = align >> PAGE_SHIFT, pages = page_up(size);
  uint64_t end = node->end < limit_pfn ? node->end : limit_pfn, begin, run = UINT64_MAX;

  if (!node->is_registered || node->start >= end) return false;
  if (step == 0) step = 1;
  begin = round_up(goal_pfn > node->start && goal_pfn < end ? goal_pfn : node->start, step);
  if (node->hint > begin)
    run = find_run(node, round_up(node->hint, step), end, pages, step);
  if (run == UINT64_MAX) run = find_run(node, begin, end, pages, step);
  if (run == UINT64_MAX) return false;
  *address = run << PAGE_SHIFT;
  if ((node->last_end & PAGE_MASK) != 0 && (node->last_end >> PAGE_SHIFT) + 1 == run)
    *address = round_up(node->last_end, align);
  node->last_end = *address + size;
  node->hint = page_up(node->last_end);
  mark(node, run, node->hint, false);
  return true;
}

static bool allocate_anywhere(struct model *model, uint64_t size, uint64_t align, uint64_t goal,
  uint64_t limit_pfn, uint64_t *address)
{
  int place;

  for (place = 0; place < model->count; place++) {
    struct model_node *node = &model->nodes[model->order[place]];

    if (node->start >= limit_pfn) return false;
    if (goal != 0 && node->end <= goal >> PAGE_SHIFT) continue;
    if (allocate_in(node, size, align, goal, limit_pfn, address)) return true;
  }
  return false;
}

enum model_result model_allocate(struct model *model, int nid, enum model_policy policy,
  uint64_t size, uint64_t align, uint64_t goal, uint64_t limit, uint64_t *address)
{
  uint64_t limit_pfn = limit == 0 ? UINT64_MAX : limit >> PAGE_SHIFT;
  uint64_t border = model->max_dma32_pfn;

  if (size == 0 || (align & (align - 1)) != 0) return MODEL_MISUSE;
  if (align == 0) align = 64;
  if (page_up(size) > model->end_pfn / 2) return MODEL_OUT_OF_MEMORY;
  if (limit != 0 && (goal > limit || size > limit - goal)) goal = 0;
  if (model->mapped_end != 0 && model->mapped_end >> PAGE_SHIFT < limit_pfn) {
    limit = model->mapped_end;
    limit_pfn = limit >> PAGE_SHIFT;
    if (goal > limit || size > limit - goal) goal = 0;
  }
  if (policy == MODEL_HIGH && border != 0 && goal >> PAGE_SHIFT < border
      && model->nodes[nid].end > border + (128 << 20 >> PAGE_SHIFT)
      && allocate_in(&model->nodes[nid], size, align, border << PAGE_SHIFT, limit_pfn, address))
    return MODEL_OK;
  while (true) {
    if (nid >= 0 && allocate_in(&model->nodes[nid], size, align, goal, limit_pfn, address))
      return MODEL_OK;
    if (policy != MODEL_ONLY
        && allocate_anywhere(model, size, align, goal, limit_pfn, address))
      return MODEL_OK;
    if (goal == 0) return MODEL_OUT_OF_MEMORY;
    goal = 0;
  }
}
