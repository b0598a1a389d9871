/* SPDX-License-Identifier: MIT */
/* The heap's C interface: over bootmem, over kept pages, over a page allocator of the program's own.  With
 * HEAP_DEBUG it is the heap of libbootmem_heap_debug.a, which must do the same but for what is said below. */
#define BOOTMEM_KERNEL_NAMES
#include "kit.h"

#include <bootmem_heap.h>
#include <bootmem_pages.h>
#include <string.h>

enum { PAGES = 0x2000 };

#ifdef HEAP_DEBUG
enum { IS_DEBUG = 1 };
#else
enum { IS_DEBUG = 0 };
#endif

/* A node from page 0 on; what is below 0x20000 stays reserved. */
static void set_up_memory(const char *name)
{
  kit_test(name);
  kit_setup(0, PAGES);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES);
  free_bootmem(0x20000, (PAGES - 0x20) * 0x1000UL);
}

/* The same, and the heap is empty. */
static void set_up(const char *name)
{
  set_up_memory(name);
  KIT_EQUAL(bootmem_heap_set_source(NULL), 0);
}

static unsigned long allocations(void)
{
  struct bootmem_heap_statistics held;

  KIT_EQUAL(bootmem_heap_count(&held), 0);
  return held.allocations;
}

/* An empty heap that has been trimmed has no page. */
static void expect_empty(void)
{
  struct bootmem_heap_statistics held;

  bootmem_heap_trim();
  KIT_EQUAL(bootmem_heap_trim(), 0);
  KIT_EQUAL(bootmem_heap_count(&held), 0);
  KIT_EQUAL(held.allocations, 0);
  KIT_EQUAL(held.pages, 0);
  KIT_EQUAL(held.index_pages, 0);
}

static bool holds(const void *memory, unsigned char byte, size_t size)
{
  const unsigned char *bytes = memory;

  for (size_t index = 0; index < size; index++)
    if (bytes[index] != byte) return false;
  return true;
}

static const size_t sizes[] = {0, 1, 16, 17, 100, 128, 129, 575, 2048, 2049, 4096, 4097, 50000, 300000};
enum { SIZE_COUNT = sizeof sizes / sizeof *sizes };

/* Every size, all at once, with a byte of its own. */
static void use_all_sizes(void)
{
  void *memory[SIZE_COUNT];

  for (size_t i = 0; i < SIZE_COUNT; i++) {
    memory[i] = bootmem_heap_allocate(sizes[i]);
    KIT_EXPECT(memory[i] != NULL && kit_address(memory[i]) % 16 == 0);
    KIT_EXPECT(bootmem_heap_size(memory[i]) >= (sizes[i] ? sizes[i] : 1));
    memset(memory[i], (int)i + 1, sizes[i]);
  }
  for (size_t i = 0; i < SIZE_COUNT; i++) {
    KIT_EXPECT(holds(memory[i], (unsigned char)(i + 1), sizes[i]));
    KIT_EQUAL(bootmem_heap_free(memory[i]), 0);
  }
}

static unsigned long free_pages(void)
{
  struct bootmem_pages_statistics statistics;

  KIT_EQUAL(bootmem_pages_count(0, &statistics), 0);
  return statistics.free_pages;
}

static void test_before_setup(void)
{
  kit_test("before bootmem_setup() there is no memory, and no allocation");
  KIT_EXPECT(bootmem_heap_allocate(1) == NULL);
  KIT_EXPECT(bootmem_heap_resize(NULL, 1) == NULL);
  KIT_EQUAL(bootmem_heap_free(NULL), 0);
  KIT_EQUAL(bootmem_heap_free((void *)0x1000), EINVAL_RESULT);
  KIT_EQUAL(bootmem_heap_size((void *)0x1000), 0);
  KIT_EQUAL(bootmem_heap_trim(), 0);
}

/* Behind the test before, and in front of all others: no call has begun a heap. */
static void test_unprepared(void)
{
  set_up_memory("the first allocation begins the heap");
  use_all_sizes();
  expect_empty();
  KIT_EQUAL(kit_text[0], 0);
}

static void test_boot_memory(void)
{
  set_up("bootmem serves until the hand-over");
  use_all_sizes();
  expect_empty();
  KIT_EQUAL(kit_text[0], 0);
}

static void test_hand_over(void)
{
  set_up("what bootmem gave outlives the hand-over");
  void *early[SIZE_COUNT];

  for (size_t i = 0; i < SIZE_COUNT; i++) {
    early[i] = bootmem_heap_allocate(sizes[i]);
    memset(early[i], (int)i + 1, sizes[i]);
  }
  KIT_EQUAL(bootmem_keep_pages(), 0);
  struct bootmem_heap_statistics held;
  bootmem_heap_count(&held);
  unsigned long all = free_pages() + held.pages + held.index_pages;

  use_all_sizes();
  for (size_t i = 0; i < SIZE_COUNT; i++) {
    KIT_EXPECT(holds(early[i], (unsigned char)(i + 1), sizes[i]));
    KIT_EQUAL(bootmem_heap_free(early[i]), 0);
  }
  expect_empty();
  KIT_EQUAL(free_pages(), all);
  KIT_EQUAL(kit_text[0], 0);
}

static void test_nobody_serves(void)
{
  set_up("after free_all_bootmem() nobody serves it");
  void *memory = bootmem_heap_allocate(100);

  KIT_EXPECT(memory != NULL);
  free_all_bootmem();
  KIT_EXPECT(bootmem_heap_allocate(5000) == NULL);
  KIT_EXPECT(strstr(kit_text, "bootmem_heap_allocate(): out of memory: no room for 0x1388 bytes"));
  KIT_EQUAL(bootmem_heap_free(memory), 0);
}

static void test_alignment(void)
{
  set_up("alignments");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  for (size_t align = 1; align <= 1 << 20; align *= 2)
    for (size_t i = 0; i < SIZE_COUNT; i++) {
      void *memory = bootmem_heap_allocate_aligned(sizes[i], align);

      KIT_EXPECT(memory != NULL && kit_address(memory) % align == 0);
      KIT_EQUAL(bootmem_heap_free(memory), 0);
    }
  KIT_EXPECT(bootmem_heap_allocate_aligned(16, 0) == NULL);
  KIT_EXPECT(bootmem_heap_allocate_aligned(16, 24) == NULL);
  KIT_EXPECT(strstr(kit_text, "the alignment 0x18 is not a power of two"));
  expect_empty();
}

static void test_zeroed(void)
{
  set_up("zeroed memory");
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < SIZE_COUNT; i++) {
      void *memory = bootmem_heap_allocate_zeroed(sizes[i]);

      KIT_EXPECT(memory != NULL && holds(memory, 0, sizes[i]));
      memset(memory, 0xff, sizes[i]);
      KIT_EQUAL(bootmem_heap_free(memory), 0);
    }
  expect_empty();
}

static void test_resize(void)
{
  set_up("resizing keeps the content");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  unsigned char *memory = bootmem_heap_resize(NULL, 10);
  size_t size = 10;
  static const size_t steps[] = {11, 16, 30, 29, 2000, 2049, 9000, 60000, 20000, 4097, 100, 1, 0, 5};

  memset(memory, 7, size);
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    memory = bootmem_heap_resize(memory, steps[i]);
    KIT_EXPECT(memory != NULL && holds(memory, 7, steps[i] < size ? steps[i] : size));
    size = steps[i];
    memset(memory, 7, size);
    KIT_EQUAL(allocations(), 1);
  }
  /* In its slot, and in the pages behind. */
  KIT_EXPECT(bootmem_heap_resize(memory, 16) == memory);
  /* A debug heap moves what grows, and gives the size that was asked for. */
  void *block = bootmem_heap_allocate(20000), *other = bootmem_heap_resize(block, 40000);
  KIT_EQUAL(other == block, !IS_DEBUG);
  KIT_EQUAL(bootmem_heap_size(other), IS_DEBUG ? 40000 : 40960);
  block = bootmem_heap_resize(other, 20000);
  KIT_EXPECT(IS_DEBUG || block == other);
  KIT_EQUAL(bootmem_heap_size(block), IS_DEBUG ? 20000 : 20480);
  /* More than there is: it is as it was. */
  KIT_EXPECT(bootmem_heap_resize(block, ~(size_t)0) == NULL);
  KIT_EXPECT(bootmem_heap_resize((char *)block + 8, 10) == NULL);
  KIT_EQUAL(bootmem_heap_size(block), IS_DEBUG ? 20000 : 20480);
  KIT_EQUAL(bootmem_heap_free(block), 0);
  KIT_EQUAL(bootmem_heap_free(memory), 0);
  expect_empty();
}

static void test_wrong_pointers(void)
{
  set_up("every wrong pointer is refused by name, and changes nothing");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  static const size_t each[] = {16, 100, 2048, 4096, 10000, 200000};

  for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
    char *other = bootmem_heap_allocate(each[i]), *memory = bootmem_heap_allocate(each[i]);
    unsigned long count = allocations();

    KIT_EQUAL(bootmem_heap_free(memory + 1), EINVAL_RESULT);
    KIT_EXPECT(strstr(kit_text, "lies inside the allocation at 0x"));
    KIT_EQUAL(bootmem_heap_free(memory + 8), EINVAL_RESULT);
    KIT_EQUAL(bootmem_heap_size(memory + 8), 0);
    if (each[i] > 4096) {
      kit_text[0] = 0;
      KIT_EQUAL(bootmem_heap_free(memory + 4096), EINVAL_RESULT);
      KIT_EXPECT(strstr(kit_text, "lies inside the allocation at 0x"));
    }
    KIT_EQUAL(allocations(), count);
    KIT_EQUAL(bootmem_heap_free(memory), 0);
    KIT_EQUAL(bootmem_heap_free(memory), EINVAL_RESULT);
    KIT_EXPECT(bootmem_heap_resize(memory, 10) == NULL);
    KIT_EQUAL(allocations(), count - 1);
    KIT_EQUAL(bootmem_heap_free(other), 0);
  }
  int here;
  KIT_EQUAL(bootmem_heap_free(&here), EINVAL_RESULT);
  KIT_EQUAL(bootmem_heap_free((void *)1), EINVAL_RESULT);
  KIT_EQUAL(bootmem_heap_free((void *)~(uintptr_t)0), EINVAL_RESULT);
  KIT_EQUAL(bootmem_heap_free(kit_pointer(0x100000)), EINVAL_RESULT);
  KIT_EQUAL(bootmem_heap_count(NULL), EINVAL_RESULT);
  KIT_EQUAL(kit_fault, 0);
  expect_empty();
}

static void test_used_up(void)
{
  set_up("memory that is used up");
  KIT_EQUAL(bootmem_keep_pages(), 0);
  void **last = NULL, **memory;

  while ((memory = bootmem_heap_allocate(3000)) != NULL) {
    *memory = last;
    last = memory;
  }
  KIT_EXPECT(bootmem_heap_allocate_zeroed(1) == NULL);
  KIT_EXPECT(bootmem_heap_allocate(~(size_t)0) == NULL);
  while (last) {
    memory = *last;
    KIT_EQUAL(bootmem_heap_free(last), 0);
    last = memory;
  }
  expect_empty();
}

/* ---- A page allocator of the program's own ---- */

enum { OWN_FIRST = 0x800, OWN_COUNT = 0x400 };
static unsigned char is_taken[OWN_COUNT];
static unsigned long taken_count;
static bool refuses_free;

static unsigned long BOOTMEM_CALL take_pages(void *context, unsigned long count, unsigned long align)
{
  KIT_EXPECT(context == is_taken);
  for (unsigned long first = 0; first + count <= OWN_COUNT; first += align)
    if (memchr(is_taken + first, 1, count) == NULL) {
      memset(is_taken + first, 1, count);
      taken_count += count;
      return OWN_FIRST + first;
    }
  return ~0UL;
}

/* A source that clears its pages. */
static unsigned long BOOTMEM_CALL take_cleared_pages(
  void *context, unsigned long count, unsigned long align)
{
  unsigned long pfn = take_pages(context, count, align);

  if (pfn != ~0UL) memset(kit_pointer(pfn * 0x1000), 0, count * 0x1000);
  return pfn;
}

/* A source that first has what lies at NULL. */
static bool is_null_taken;

static unsigned long BOOTMEM_CALL take_null_first(
  void *context, unsigned long count, unsigned long align)
{
  if (is_null_taken) return take_pages(context, count, align);
  is_null_taken = true;
  return kit_null_pfn();
}

static int BOOTMEM_CALL give_pages(void *context, unsigned long pfn, unsigned long count)
{
  KIT_EXPECT(context == is_taken);
  if (pfn == kit_null_pfn()) {
    KIT_EXPECT(is_null_taken);
    is_null_taken = false;
    return 0;
  }
  KIT_EXPECT(memchr(is_taken + (pfn - OWN_FIRST), 0, count) == NULL);
  if (refuses_free) return -1;
  memset(is_taken + (pfn - OWN_FIRST), 0, count);
  taken_count -= count;
  return 0;
}

/* One that does not take back what a resize has left, nor what a trim gives. */
static void test_refusing_source(void)
{
  set_up("pages that their source does not take back are counted, and a resize succeeds");
  struct bootmem_heap_source source = {
    .size = sizeof source, .context = is_taken, .allocate = take_pages, .free = give_pages,
  };
  struct bootmem_heap_statistics held;

  KIT_EQUAL(bootmem_heap_set_source(&source), 0);
  unsigned char *memory = bootmem_heap_allocate(100000);
  memset(memory, 6, 100000);
  refuses_free = true;
  unsigned char *moved = bootmem_heap_resize(memory, 200000);
  KIT_EXPECT(moved != NULL && moved != memory && holds(moved, 6, 100000));
  KIT_EQUAL(allocations(), 1);
  KIT_EQUAL(bootmem_heap_free(moved), IS_DEBUG ? 0 : EINVAL_RESULT);
  KIT_EQUAL(bootmem_heap_trim(), 0);
  KIT_EQUAL(bootmem_heap_count(&held), 0);
  KIT_EQUAL(held.allocations + held.pages + held.index_pages, 0);
  KIT_EQUAL(held.refused_pages, taken_count);
  refuses_free = false;
  memset(is_taken, 0, sizeof is_taken);
  taken_count = 0;
}

static void test_own_pages(void)
{
  set_up("pages of the program's own");
  struct bootmem_heap_source source = {
    .size = sizeof source, .context = is_taken, .allocate = take_pages, .free = give_pages,
  };

  KIT_EQUAL(bootmem_heap_set_source(&source), 0);
  use_all_sizes();
  KIT_EXPECT(bootmem_heap_allocate(5UL << 20) == NULL);
  void *memory = bootmem_heap_allocate(9000);
  memset(memory, 3, 9000);
  memory = bootmem_heap_resize(memory, 90000);
  KIT_EXPECT(holds(memory, 3, 9000));
  KIT_EQUAL(bootmem_heap_free(memory), 0);
  expect_empty();
  KIT_EQUAL(taken_count, 0);
  /* One that does not take its pages back. */
  memory = bootmem_heap_allocate(100000);
  refuses_free = true;
  /* A debug heap gives them back later. */
  KIT_EQUAL(bootmem_heap_free(memory), IS_DEBUG ? 0 : EINVAL_RESULT);
  if (IS_DEBUG) bootmem_heap_trim();
  KIT_EXPECT(strstr(kit_text, "were the heap's, but another caller has freed them"));
  refuses_free = false;
  memset(is_taken, 0, sizeof is_taken);
  taken_count = 0;
  /* Sources that are none. */
  source.flags = 2;
  KIT_EQUAL(bootmem_heap_set_source(&source), EINVAL_RESULT);
  source.flags = 0, source.size--;
  KIT_EQUAL(bootmem_heap_set_source(&source), EINVAL_RESULT);
  source.size++, source.free = NULL;
  KIT_EQUAL(bootmem_heap_set_source(&source), EINVAL_RESULT);
}

static void test_cleared_pages(void)
{
  static const size_t each[] = {100, 8192, 12288, 65536, 100000};
  struct bootmem_heap_source source = {
    .size = sizeof source, .flags = BOOTMEM_HEAP_CLEARED, .context = is_taken,
    .allocate = take_pages, .free = give_pages,
  };

  set_up("pages that are clear are not cleared again, but by a debug heap, which fills them");
  KIT_EQUAL(bootmem_heap_set_source(&source), 0);
  memset(kit_pointer(OWN_FIRST * 0x1000UL), 5, OWN_COUNT * 0x1000UL);
  KIT_EQUAL(holds(bootmem_heap_allocate_zeroed(8192), 0, 8192), IS_DEBUG);
  KIT_EQUAL(holds(bootmem_heap_allocate_zeroed(100), 0, 100), IS_DEBUG);
  KIT_EXPECT(holds(bootmem_heap_allocate_zeroed(100), 0, 100));
  memset(is_taken, 0, sizeof is_taken);

  set_up("zeroed memory is zero that the heap has kept, though its source clears");
  source.allocate = take_cleared_pages;
  KIT_EQUAL(bootmem_heap_set_source(&source), 0);
  for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
    void *memory = bootmem_heap_allocate(each[i]);

    memset(memory, 0x41, each[i]);
    KIT_EQUAL(bootmem_heap_free(memory), 0);
    memory = bootmem_heap_allocate_zeroed(each[i]);
    KIT_EXPECT(holds(memory, 0, each[i]));
    KIT_EQUAL(bootmem_heap_free(memory), 0);
  }
  expect_empty();
}

static void test_null_pages(void)
{
  struct bootmem_heap_source source = {
    .size = sizeof source, .context = is_taken, .allocate = take_null_first, .free = give_pages,
  };

  set_up("a block at NULL goes back to its source, and another is taken");
  KIT_EQUAL(bootmem_heap_set_source(&source), 0);
  void *memory = bootmem_heap_allocate(1);
  KIT_EXPECT(memory != NULL && is_null_taken);
  is_null_taken = false;
  void *block = bootmem_heap_allocate(12288);
  /* A debug heap then takes a page for its notes. */
  KIT_EXPECT(block != NULL && is_null_taken == IS_DEBUG);
  KIT_EQUAL(bootmem_heap_free(block) | bootmem_heap_free(memory), 0);
  expect_empty();
  /* And where there is no other. */
  memset(is_taken, 1, sizeof is_taken);
  is_null_taken = false;
  KIT_EXPECT(bootmem_heap_allocate(12288) == NULL);
  KIT_EXPECT(!is_null_taken);
  memset(is_taken, 0, sizeof is_taken);
}

static void test_mapped_end(void)
{
  set_up("memory lies below what is mapped");
  bootmem_set_mapped_end(0x800000);
  KIT_EXPECT(kit_address(bootmem_heap_allocate(50000)) < 0x800000);
  KIT_EQUAL(bootmem_keep_pages(), 0);
  void *memory;
  while ((memory = bootmem_heap_allocate(40000)) != NULL)
    KIT_EXPECT(kit_address(memory) + 40000 <= 0x800000);
  KIT_EXPECT(free_pages() > 0x1000);
  /* And below what is mapped later; the pages themselves know no such end. */
  KIT_EXPECT(bootmem_pages_allocate(10, -1, 0) >= 0x800);
  bootmem_set_mapped_end(0xfff);
  KIT_EXPECT(bootmem_heap_allocate(40000) == NULL);
  bootmem_set_mapped_end(0);
  KIT_EXPECT(bootmem_heap_allocate(40000) != NULL);
}

static void test_kernel_names(void)
{
  set_up("Linux's names, with flags and without");
  char *memory = kmalloc(100);

  KIT_EXPECT(memory != NULL);
  memory = krealloc(memory, 200);
  memory = krealloc(memory, 300, 0);
  KIT_EQUAL(bootmem_heap_size(memory) >= 300, 1);
  kfree(memory);
  memory = kzalloc(64, 0xcc0);
  KIT_EXPECT(holds(memory, 0, 64));
  kfree(memory);
  kfree(NULL);
  memory = kmalloc(10, 0);
  kfree(memory);
  expect_empty();
}

/* ---- Random calls against a model: what each allocation holds ---- */

static uint64_t random_state = 88172645463325252u;

static unsigned long next_random(unsigned long bound)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (unsigned long)(random_state >> 11) % bound;
}

static void test_random_calls(void)
{
  enum { PLACES = 300, CALLS = 200000 };
  static struct {
    unsigned char *memory;
    size_t size;
    unsigned char byte;
  } places[PLACES];
  unsigned long count = 0;

  set_up("random calls keep every allocation's content");
  for (int call = 0; call < CALLS; call++) {
    if (call == CALLS / 3) KIT_EQUAL(bootmem_keep_pages(), 0);
    unsigned long place = next_random(PLACES);
    size_t size = next_random(1UL << next_random(16));
    bool fails = false;

    if (places[place].memory && !holds(places[place].memory, places[place].byte, places[place].size))
      fails = true;
    switch (next_random(8)) {
    case 0: {
      /* A pointer that is none, or leads into an allocation. */
      unsigned char *wrong = kit_pointer(next_random(PAGES * 0x1000UL) | 1);
      if (bootmem_heap_free(wrong) != EINVAL_RESULT) fails = true;
      continue;
    }
    case 1: case 2: {
      unsigned char *memory = bootmem_heap_resize(places[place].memory, size);
      if (memory == NULL) fails = true;
      size_t kept = size < places[place].size ? size : places[place].size;
      if (places[place].memory == NULL) { kept = 0; count++; }
      if (!holds(memory, places[place].byte, kept)) fails = true;
      places[place].memory = memory;
      break;
    }
    default:
      if (places[place].memory) {
        if (bootmem_heap_free(places[place].memory) != 0) fails = true;
        places[place].memory = NULL;
        places[place].size = 0;
        count--;
        if (fails) KIT_EQUAL(call, 0);
        continue;
      }
      places[place].memory = next_random(2) ? bootmem_heap_allocate(size)
                                            : bootmem_heap_allocate_zeroed(size);
      if (places[place].memory == NULL) fails = true;
      count++;
    }
    places[place].size = size;
    places[place].byte = (unsigned char)next_random(256);
    memset(places[place].memory, places[place].byte, size);
    if (fails || allocations() != count) {
      KIT_EQUAL(call, 0);
      return;
    }
  }
  for (int place = 0; place < PLACES; place++)
    KIT_EQUAL(bootmem_heap_free(places[place].memory), 0);
  expect_empty();
}

int main(void)
{
  test_before_setup();
  test_unprepared();
  test_boot_memory();
  test_hand_over();
  test_nobody_serves();
  test_alignment();
  test_zeroed();
  test_resize();
  test_wrong_pointers();
  test_used_up();
  test_refusing_source();
  test_own_pages();
  test_cleared_pages();
  test_null_pages();
  test_mapped_end();
  test_kernel_names();
  test_random_calls();
  return kit_finish();
}
