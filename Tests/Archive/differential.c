/* SPDX-License-Identifier: MIT */
/* Random calls through the archive, compared with the model: every result, and again and again
 * every bit of every bitmap; in the end what is handed over.
 *
 *     differential [--operations N] [--seed S]
 *
 * runs scenarios, the first from seed S, the next from S + 1, until N operations are done.  A
 * failure names the seed of its scenario: run it with that and `--operations 1` to see it alone. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kit.h"
#include "model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE_SHIFT = BOOTMEM_PAGE_SHIFT };

/* Bitmaps lie beyond all nodes on 64 bits, and in the upper eighth of memory on 32. */
#define ARENA_PFN (WORD_BITS == 64 ? (unsigned long)(END_PFN / 16) \
  : (unsigned long)(END_PFN / 8 * 7))

static struct model model;
static uint64_t seed;
static unsigned long step;

/* ---- Random numbers ---- */

static uint64_t state;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t any(void)
{
  uint64_t value = state += 0x9e3779b97f4a7c15u;

  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

/* From 0 to, not including, `count`. */
static uint64_t below(uint64_t count) { return count == 0 ? 0 : any() % count; }

static bool one_in(unsigned count) { return below(count) == 0; }

/* From 1 to `maximum`, every size of number as likely as any other. */
static uint64_t some_size(uint64_t maximum)
{
  unsigned bits = 1;

  while (bits < 63 && maximum >> bits != 0) bits++;
  return 1 + below(1ULL << below(bits + 1)) % maximum;
}

/* ---- Failures ---- */

static void fail(const char *format, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
  printf("differential: %u bit, seed %" PRIu64 ", step %lu: ", (unsigned)WORD_BITS, seed, step);
  printf(format, a, b, c, d);
  printf(" %s\n0 passed, 1 failed\n", kit_message);
  exit(1);
}

static void compare_bits(void)
{
  int place;

  for (place = 0; place < model.count; place++) {
    int nid = model.order[place];
    const struct model_node *node = &model.nodes[nid];
    uint64_t words = (node->end - node->start + WORD_BITS - 1) / WORD_BITS, index;

    for (index = 0; index < words; index++) {
      uint64_t word = bootmem_map_word(bootmem_node(nid), (unsigned long)index);
      uint64_t expected = model_word(node, index, WORD_BITS);

      if (word != expected)
        fail("node %" PRIu64 ", word %" PRIx64 " is %" PRIx64 ", not %" PRIx64, (uint64_t)nid,
          index, word, expected);
    }
  }
}

/* ---- Clearing ---- */

/* What the last call has cleared.  Nothing is: the memory does not exist. */
static uintptr_t cleared_start;
static size_t cleared_length;
static unsigned clear_count;

static void BOOTMEM_CALL clear(void *context, void *start, size_t length)
{
  (void)context;
  cleared_start = (uintptr_t)start;
  cleared_length = length;
  clear_count++;
}

/* ---- Scenarios ---- */

static uint64_t *pool;
static uint64_t pool_pages; /* whose bits the pool has */

/* Zeroed bits for `pages` pages, which are backed by memory only where they are written. */
static void make_pool(uint64_t pages)
{
  enum { ROOM = 1 << 16 };
  size_t size = (size_t)(pages / 8) + ROOM;

  if (pages <= pool_pages && size < 16 * ROOM) {
    memset(pool, 0, size);
    return;
  }
  if (pool != NULL) munmap(pool, (size_t)(pool_pages / 8) + ROOM);
  pool = mmap(NULL, size, PROT_READ | PROT_WRITE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pool == MAP_FAILED) exit(2);
  pool_pages = pages;
}

/* A scenario's spans: `count` nodes, most of about `size` pages, with holes or without. */
static void make_nodes(unsigned count, uint64_t size)
{
  static uint64_t spans[MODEL_NODES][2];
  static unsigned order[MODEL_NODES];
  uint64_t page = one_in(3) ? 0 : below(200), room = (ARENA_PFN - 400) / count, total = 0, used = 0;
  unsigned long map_pages = 0, map_pfn = ARENA_PFN;
  unsigned index;

  for (index = 0; index < count; index++) {
    uint64_t pages = one_in(16) ? 0
      : one_in(3) ? some_size(size) : size / 2 + below(size / 2) + 1;

    if (pages > room / 2) pages = room / 2;
    spans[index][0] = page;
    spans[index][1] = page + pages;
    page += pages + (one_in(2) ? 0 : one_in(2) ? below(200) : below(room / 2));
    total += pages + 128;
    map_pages += bootmem_bootmap_pages((unsigned long)pages);
    order[index] = index;
  }
  for (index = count; index > 1; index--) {
    unsigned other = (unsigned)below(index), swapped = order[index - 1];

    order[index - 1] = order[other];
    order[other] = swapped;
  }
  kit_setup(ARENA_PFN, map_pages);
  make_pool(total);
  memset(&model, 0, sizeof model);
  model.end_pfn = END_PFN;
  kit_platform.low_address_limit =
    !one_in(4) ? 0xffffffff : (unsigned long)below(page << PAGE_SHIFT);
  kit_platform.max_dma32_pfn = one_in(2) ? 0 : (unsigned long)below(page);
  kit_platform.max_order = (unsigned)below(14);
  kit_platform.clear = clear;
  if (bootmem_setup(&kit_platform) != 0) fail("the set-up failed", 0, 0, 0, 0);
  model.low_limit = kit_platform.low_address_limit;
  model.max_dma32_pfn = kit_platform.max_dma32_pfn;
  /* In any order, and with any numbers: the first so many, or every third. */
  for (index = 0; index < count; index++) {
    const uint64_t *span = spans[order[index]];
    int nid = (int)(count <= 21 && seed % 2 == 0 ? 3 * index : index);
    unsigned long start = (unsigned long)span[0], end = (unsigned long)span[1];

    if (one_in(4))
      bootmem_init_node_at(bootmem_node(nid), kit_pointer(map_pfn << PAGE_SHIFT), start, end);
    else init_bootmem_node(bootmem_node(nid), map_pfn, start, end);
    map_pfn += bootmem_bootmap_pages(end - start);
    model_register(&model, nid, start, end, pool + used);
    used += (span[1] - span[0] + 63) / 64;
  }
}

/* ---- Operations ---- */

static const struct model_node *some_node(void)
{
  return &model.nodes[model.order[below((unsigned)model.count)]];
}

static int number_of(const struct model_node *node) { return (int)(node - model.nodes); }

/* An address in a node or close to it, on a page or not. */
static uint64_t some_address(const struct model_node *node)
{
  uint64_t page = node->start + below(node->end - node->start + 1);

  if (one_in(8)) page = one_in(2) ? node->start : node->end;
  if (one_in(32)) page += below(4);
  return (page << PAGE_SHIFT) + (one_in(3) ? below(BOOTMEM_PAGE_SIZE) : 0);
}

static uint64_t largest_size; /* of ranges and allocations, in bytes */

/* The bytes of a range at `address`; seldom more than the node has. */
static uint64_t some_range(const struct model_node *node, uint64_t address)
{
  uint64_t size = one_in(32) ? 0 : some_size(largest_size);
  uint64_t end = node->end << PAGE_SHIFT;

  if (one_in(2)) size = (size + BOOTMEM_PAGE_SIZE - 1) & -(uint64_t)BOOTMEM_PAGE_SIZE;
  if (!one_in(16) && address < end && size > end - address) size = end - address;
  return size;
}

/* The size, cut off where the range would wrap around. */
static uint64_t cut_off(uint64_t address, uint64_t size)
{
  uint64_t room = UINT64_MAX >> (64 - WORD_BITS);

  room -= address;
  return size < room ? size : room;
}

static enum model_result result_of(int status)
{
  if (kit_fault == BOOTMEM_FAULT_MISUSE) return MODEL_MISUSE;
  if (kit_fault == BOOTMEM_FAULT_OUT_OF_MEMORY) return MODEL_OUT_OF_MEMORY;
  return status == EBUSY_RESULT ? MODEL_BUSY : MODEL_OK;
}

static int status;

static void change(void)
{
  const struct model_node *node = some_node();
  int nid = one_in(3) ? number_of(node) : -1, flags = one_in(2);
  uint64_t address = some_address(node), size = some_range(node, address);
  unsigned long start, length;
  bool frees = !one_in(3);
  enum model_result expected;

  if (frees && !one_in(8)) {
    /* Of what is reserved, so that most frees are no misuse. */
    uint64_t first = address >> PAGE_SHIFT < node->end ? address >> PAGE_SHIFT : node->start;
    uint64_t page = model_find(node, first, node->end, false);
    uint64_t end = model_find(node, page, node->end, true);

    if (page << PAGE_SHIFT > address) address = page << PAGE_SHIFT;
    if (!one_in(4)) size <<= PAGE_SHIFT;
    end <<= PAGE_SHIFT;
    if (end > address && size > end - address) size = end - address;
  }
  size = cut_off(address, size);
  start = (unsigned long)address;
  length = (unsigned long)size;
  status = 0;
  if (frees) {
    expected = model_free(&model, nid, address, size);
    if (nid < 0) KIT_CATCH(free_bootmem(start, length));
    else KIT_CATCH(free_bootmem_node(bootmem_node(nid), start, length));
    if (result_of(status) != expected)
      fail("free(%" PRId64 ", %" PRIx64 ", %" PRIx64 "), not %" PRIu64, (uint64_t)nid, address,
        size, expected);
  } else {
    expected = model_reserve(&model, nid, address, size, flags != 0);
    if (nid < 0) KIT_CATCH(status = reserve_bootmem(start, length, flags));
    else KIT_CATCH(status = reserve_bootmem_node(bootmem_node(nid), start, length, flags));
    if (result_of(status) != expected)
      fail("reserve(%" PRId64 ", %" PRIx64 ", %" PRIx64 "), not %" PRIu64, (uint64_t)nid, address,
        size, expected);
  }
}

/* What the allocator is asked for in one call, and what came of it. */
struct request {
  int nid;
  unsigned long size, align, goal, limit;
  bool clears;
};

static void *pointer;
static unsigned long physical;

/* Calls the function number `kind`; whether the result is in `physical`, not in `pointer`. */
static bool call(unsigned kind, const struct request *r)
{
  pg_data_t *node = bootmem_node(r->nid);
  struct bootmem_request request = {.size = r->size, .align = r->align, .goal = r->goal,
    .limit = r->limit, .nid = r->nid, .flags = (kind == 10 ? BOOTMEM_THIS_NODE : 0) | (r->clears ? 0 : BOOTMEM_NO_CLEAR)};

  pointer = NULL;
  status = 0;
  switch (kind) {
  case 0: pointer = __alloc_bootmem(r->size, r->align, r->goal); break;
  case 1: pointer = __alloc_bootmem_nopanic(r->size, r->align, r->goal); break;
  case 2: pointer = __alloc_bootmem_low(r->size, r->align, r->goal); break;
  case 3: pointer = __alloc_bootmem_low_nopanic(r->size, r->align, r->goal); break;
  case 4: pointer = __alloc_bootmem_node(node, r->size, r->align, r->goal); break;
  case 5: pointer = __alloc_bootmem_node_nopanic(node, r->size, r->align, r->goal); break;
  case 6:
    pointer = ___alloc_bootmem_node_nopanic(node, r->size, r->align, r->goal, r->limit);
    break;
  case 7: pointer = __alloc_bootmem_low_node(node, r->size, r->align, r->goal); break;
  case 8: pointer = __alloc_bootmem_node_high(node, r->size, r->align, r->goal); break;
  default: status = bootmem_allocate(&request, &physical); return true;
  }
  return false;
}

static void attempt(unsigned kind, const struct request *request)
{
  KIT_CATCH(
    if (!call(kind, request) && pointer != NULL) physical = kit_address(pointer);
    else if (pointer == NULL && status == 0 && kind < 9) status = ENOMEM_RESULT;
  );
  if (kit_fault == BOOTMEM_FAULT_OUT_OF_MEMORY) status = ENOMEM_RESULT;
  if (kit_fault == BOOTMEM_FAULT_MISUSE) status = EINVAL_RESULT;
}

static void allocate(void)
{
  const struct model_node *node = some_node();
  unsigned kind = (unsigned)below(11);
  unsigned shift = one_in(2) ? 6 : (unsigned)below(one_in(4) ? 28 : 16);
  struct request r = {.nid = number_of(node), .align = one_in(8) ? 0 : 1UL << shift};
  static const unsigned low_kinds = 1 << 2 | 1 << 3 | 1 << 7;
  static const unsigned limit_kinds = 1 << 6 | 1 << 9 | 1 << 10;
  enum model_policy policy = kind == 8 ? MODEL_HIGH : kind == 10 ? MODEL_ONLY : MODEL_PREFERRED;
  enum model_result expected;
  uint64_t address = 0, limit = 0;

  /* Mostly small, now and then more than there is. */
  r.size = (unsigned long)some_size(
    one_in(64) ? UINT64_MAX >> (64 - WORD_BITS) : one_in(4) ? largest_size : 2 * BOOTMEM_PAGE_SIZE);
  if (one_in(512)) r.size = 0;
  if (one_in(512)) r.align = 48;
  if (one_in(3)) r.goal = (unsigned long)some_address(some_node());
  if (one_in(8))
    r.limit = (unsigned long)(one_in(32) ? below(2 * BOOTMEM_PAGE_SIZE) : some_address(some_node()));
  if (kind < 4 || (kind == 9 && one_in(2))) r.nid = -1;
  if (low_kinds >> kind & 1) limit = model.low_limit;
  if (limit_kinds >> kind & 1) limit = r.limit;
  r.clears = kind < 9 || one_in(2);
  expected = model_allocate(&model, r.nid, policy, r.size, r.align, r.goal, limit, &address);
  clear_count = 0;
  attempt(kind, &r);
  if (status
      != (expected == MODEL_OK ? 0 : expected == MODEL_MISUSE ? EINVAL_RESULT : ENOMEM_RESULT))
    fail("allocation %" PRIu64 " of %" PRIx64 " ends with %" PRId64 ", not %" PRIu64, kind, r.size,
      (uint64_t)(int64_t)status, expected);
  if (expected == MODEL_OK && physical != address)
    fail("allocation %" PRIu64 " of %" PRIx64 " is at %" PRIx64 ", not %" PRIx64, kind, r.size,
      physical, address);
  if (clear_count != (expected == MODEL_OK && r.clears))
    fail("allocation %" PRIu64 " of %" PRIx64 " clears %" PRIu64 " times", kind, r.size,
      clear_count, 0);
  if (clear_count > 0
      && (cleared_start != (uintptr_t)kit_pointer((uintptr_t)address) || cleared_length != r.size))
    fail("allocation %" PRIu64 " of %" PRIx64 " clears %" PRIx64 " bytes at %" PRIx64, kind, r.size,
      cleared_length, kit_address((void *)cleared_start));
}

/* From now on memory is mapped up to some address, or all of it. */
static void map_up_to(void)
{
  model.mapped_end = one_in(2) ? 0 : some_address(some_node());
  bootmem_set_mapped_end((unsigned long)model.mapped_end);
}

/* ---- The hand-over ---- */

/* Every block is free, and is then reserved in the model; ascending within its node. */
static void compare_hand_over(void)
{
  unsigned long count = free_all_bootmem(), sum = 0;
  uint64_t last = 0;
  size_t index;
  int place, nid = -1;

  for (index = 0; index < kit_block_count; index++) {
    const struct kit_block *block = &kit_blocks[index];
    uint64_t pages = 1ULL << block->order;
    const struct model_node *node = &model.nodes[block->nid];

    sum += (unsigned long)pages;
    if (block->pfn % pages != 0 || block->order > kit_platform.max_order)
      fail("block %" PRIx64 " of order %" PRIu64, block->pfn, block->order, 0, 0);
    if (block->pfn >= ARENA_PFN) continue;
    if (block->nid == nid && block->pfn < last)
      fail("block %" PRIx64 " descends", block->pfn, 0, 0, 0);
    nid = block->nid;
    last = block->pfn + pages;
    if (block->pfn < node->start || last > node->end
        || model_reserve(&model, nid, (uint64_t)block->pfn << PAGE_SHIFT, pages << PAGE_SHIFT, true)
          != MODEL_OK)
      fail("block %" PRIx64 " of order %" PRIu64 " was not free", block->pfn, block->order, 0, 0);
  }
  if (sum != count) fail("%" PRIx64 " pages released, not %" PRIx64, sum, count, 0, 0);
  for (place = 0; place < model.count; place++) {
    const struct model_node *node = &model.nodes[model.order[place]];
    uint64_t word;

    for (word = 0; word < (node->end - node->start + 63) / 64; word++)
      if (node->bits[word] != 0)
        fail("word %" PRIx64 " of node %" PRIu64 " was not released", word,
          (uint64_t)model.order[place], 0, 0);
  }
}

/* ---- Runs ---- */

/* One scenario: from a few pages in one node to 16 TiB.  Returns its number of operations. */
static unsigned long run_scenario(void)
{
  static const unsigned counts[] = {1, 1, 1, 2, 2, 4, 8, 16, 64};
  unsigned long operations, interval;
  unsigned shape;
  uint64_t size;

  state = seed;
  step = 0;
  shape = (unsigned)below(1000);
  if (shape < 860) {
    /* Up to 4096 pages: the model is fast, and compared often. */
    size = 16 + some_size(4096);
    operations = 4000 + (unsigned long)below(8000);
    interval = 8;
  } else if (shape < 960) {
    /* Up to 4 GiB. */
    size = some_size(1 << 20);
    operations = 2000;
    interval = 250;
  } else {
    /* Up to 16 TiB, every size of number as likely as any other: so all depths of the tree. */
    size = WORD_BITS == 64 ? (1ULL << 20) + some_size(1ULL << 32) : 1 << 20;
    operations = 500;
    interval = 0;
  }
  make_nodes(counts[below(shape < 960 ? sizeof counts / sizeof *counts : 3)], size);
  largest_size = some_size((one_in(3) ? size : 64) << PAGE_SHIFT);
  /* Larger ranges than these take more memory for the model's bits than a machine has. */
  if (largest_size > 1ULL << 38) largest_size = 1ULL << 38;
  for (step = 1; step <= operations; step++) {
    if (one_in(100)) map_up_to();
    else if (one_in(2)) change();
    else allocate();
    if (interval > 0 && step % interval == 0) compare_bits();
    if (step % 1000 == 0) largest_size = some_size((one_in(3) ? size : 64) << PAGE_SHIFT);
    if (largest_size > 1ULL << 38) largest_size = 1ULL << 38;
  }
  compare_bits();
  compare_hand_over();
  return operations;
}

int main(int argc, char **argv)
{
  uint64_t operations = 1000000, first = 1, done = 0, scenarios = 0;
  int index;

  for (index = 1; index + 1 < argc; index += 2) {
    if (strcmp(argv[index], "--operations") == 0) operations = strtoull(argv[index + 1], NULL, 0);
    else if (strcmp(argv[index], "--seed") == 0) first = strtoull(argv[index + 1], NULL, 0);
    else break;
  }
  if (index != argc) {
    fprintf(stderr, "usage: differential [--operations N] [--seed S]\n");
    return 2;
  }
  for (seed = first; done < operations; seed++, scenarios++) done += run_scenario();
  printf("%u bit: %" PRIu64 " operations in %" PRIu64 " scenarios from seed %" PRIu64 " agree\n",
    (unsigned)WORD_BITS, done, scenarios, first);
  printf("1 passed, 0 failed\n");
  return 0;
}
