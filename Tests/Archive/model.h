/* SPDX-License-Identifier: MIT */
/* The whole allocator once more, as simple as can be: a flat bitmap for each node, searched from
 * one end to the other.  Written from the rules, not from the library, which is compared with it. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_NODES = 64 };

struct model_node {
  bool is_registered;
  uint64_t start, end; /* pages */
  uint64_t hint;       /* the page at which the search goes on */
  uint64_t last_end;   /* the end of the last allocation, while its page may be shared; else 0 */
  uint64_t *bits;      /* bit i is page start + i; 1 is free, so that new memory is reserved */
};

struct model {
  uint64_t end_pfn; /* just behind the address space */
  uint64_t low_limit, max_dma32_pfn;
  uint64_t mapped_end; /* what every allocation must lie below; 0 for none */
  struct model_node nodes[MODEL_NODES];
  int order[MODEL_NODES]; /* registered nodes, ascending */
  int count;
};

/* What a call comes to. */
enum model_result { MODEL_OK, MODEL_BUSY, MODEL_MISUSE, MODEL_OUT_OF_MEMORY };

/* Registers a node that overlaps none; `bits` are zeros, one for each page. */
void model_register(struct model *model, int nid, uint64_t start, uint64_t end, uint64_t *bits);

/* nid -1: no node was named.  Ranges do not wrap around 64 bits. */
enum model_result model_free(struct model *model, int nid, uint64_t address, uint64_t size);
enum model_result model_reserve(
  struct model *model, int nid, uint64_t address, uint64_t size, bool exclusively);

enum model_policy { MODEL_PREFERRED, MODEL_ONLY, MODEL_HIGH };

enum model_result model_allocate(struct model *model, int nid, enum model_policy policy,
  uint64_t size, uint64_t align, uint64_t goal, uint64_t limit, uint64_t *address);

/* The first page of the node's from `page` on that is free, or that is not; `end` if there is none
 * before it. */
uint64_t model_find(const struct model_node *node, uint64_t page, uint64_t end, bool is_free);

/* A word of the node's bitmap as Linux has it, `width` bits wide: 1 is reserved. */
uint64_t model_word(const struct model_node *node, uint64_t index, unsigned width);

#endif
