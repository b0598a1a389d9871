/* SPDX-License-Identifier: MIT */
/* What the heap of libbootmem_heap_debug.a finds, and what it writes. */
#include "kit.h"

#include <bootmem_heap_debug.h>
#include <bootmem_ledger.h>
#include <bootmem_pages.h>
#include <stdio.h>
#include <string.h>

enum { PAGES = 0x1000 };
static struct bootmem_entry entries[8];
static char expected[256];

static void set_up(const char *name)
{
  kit_test(name);
  kit_setup(0, PAGES);
  init_bootmem_node(bootmem_node(0), 1, 0, PAGES);
  free_bootmem(0x20000, (PAGES - 0x20) * 0x1000UL);
  KIT_EQUAL(bootmem_heap_set_source(NULL), 0);
  bootmem_heap_set_names(NULL);
  bootmem_set_ledger(entries, 8);
}

/* The text so far, which is then empty. */
#define SAYS(...)                                            \
  do {                                                       \
    snprintf(expected, sizeof expected, __VA_ARGS__);        \
    KIT_SAYS(kit_text, expected);                            \
    kit_text[0] = 0;                                         \
  } while (0)

#define AT(pointer) ((unsigned long)(uintptr_t)(pointer))

static const size_t sizes[] = {1, 16, 100, 2032, 2033, 4096, 50000};
enum { SIZE_COUNT = sizeof sizes / sizeof *sizes };

static void test_overflow(void)
{
  set_up("a write behind the end");
  for (size_t i = 0; i < 2 * SIZE_COUNT; i++) {
    if (i == SIZE_COUNT) KIT_EQUAL(bootmem_keep_pages(), 0);
    size_t size = sizes[i % SIZE_COUNT];
    char *memory = bootmem_heap_allocate(size);

    memset(memory, 0xff, size);
    KIT_EQUAL(bootmem_heap_check(), 0);
    memory[size] = 0x41;
    KIT_EQUAL(bootmem_heap_check(), 1);
    SAYS("memory check: 0x41 instead of 0xbd at 0x%lx, behind the end of 0x%zx bytes at 0x%lx\n",
      AT(memory + size), size, AT(memory));
    KIT_EQUAL(bootmem_heap_check(), 0);
    memory[size + 15] = 0;
    KIT_EQUAL(bootmem_heap_free(memory), 0);
    SAYS("memory check: 0x0 instead of 0xbd at 0x%lx, behind the end of 0x%zx bytes at 0x%lx\n",
      AT(memory + size + 15), size, AT(memory));
  }
}

static void test_underflow(void)
{
  set_up("a write in front of an allocation names both");
  char *first = bootmem_heap_allocate(100), *second = bootmem_heap_allocate(105);

  second[-1] = 0;
  KIT_EQUAL(bootmem_heap_free(second), 0);
  KIT_EQUAL(bootmem_heap_check(), 1);
  SAYS("memory check: 0x0 instead of 0xbd at 0x%lx, behind the end of 0x64 bytes at 0x%lx\n",
    AT(second - 1), AT(first));
  second = bootmem_heap_allocate(105);
  char *third = bootmem_heap_allocate(110);
  third[-2] = 0;
  KIT_EQUAL(bootmem_heap_check(), 1);
  SAYS("memory check: 0x0 instead of 0xbd at 0x%lx, behind the end of 0x69 bytes at 0x%lx; "
    "and before 0x6e bytes at 0x%lx\n", AT(third - 2), AT(second), AT(third));
}

static void test_use_after_free(void)
{
  set_up("a write to freed memory");
  for (size_t i = 0; i < SIZE_COUNT; i++) {
    size_t size = sizes[i];
    char *memory = bootmem_heap_allocate(size);

    KIT_EQUAL(bootmem_heap_free(memory), 0);
    memory[size - 1] = 0x41;
    KIT_EQUAL(bootmem_heap_check(), 1);
    SAYS("memory check: 0x41 instead of 0x6b at 0x%lx, in freed memory: 0x%zx bytes at 0x%lx\n",
      AT(memory + size - 1), size, AT(memory));
    /* And when its pages go back. */
    memory[0] = 0x42;
    KIT_EXPECT(bootmem_heap_trim() > 0);
    SAYS("memory check: 0x42 instead of 0x6b at 0x%lx, in freed memory: 0x%zx bytes at 0x%lx\n",
      AT(memory), size, AT(memory));
  }
}

static void test_double_free(void)
{
  set_up("a double free");
  for (size_t i = 0; i < SIZE_COUNT; i++) {
    void *memory = bootmem_heap_allocate(sizes[i]);

    KIT_EQUAL(bootmem_heap_free(memory), 0);
    KIT_EXPECT(bootmem_heap_allocate(sizes[i]) != memory);
    KIT_EQUAL(bootmem_heap_free(memory), EINVAL_RESULT);
    SAYS("memory check: freed before: 0x%zx bytes at 0x%lx\n"
      "bootmem: bootmem_heap_free(): 0x%lx was to be freed, but is not allocated: it was freed "
      "before, or never given out\n", sizes[i], AT(memory), AT(memory));
  }
}

static void test_names(void)
{
  set_up("names are the ledger's, and outlive it in freed memory");
  bootmem_heap_set_names(bootmem_name_of);
  char *memory = bootmem_heap_allocate(100), *other = bootmem_heap_allocate(100);
  KIT_EQUAL(bootmem_label(kit_address(memory), 100, "log"), 0);
  KIT_SAYS(bootmem_name_of(kit_address(memory) + 99), "log");
  KIT_EXPECT(bootmem_name_of(kit_address(memory) + 100) == NULL);
  KIT_EXPECT(bootmem_name_of(~0UL) == NULL);
  memory[100] = 0x41;
  other[100] = 0x41;
  KIT_EQUAL(bootmem_heap_check(), 2);
  SAYS("memory check: 0x41 instead of 0xbd at 0x%lx, behind the end of 0x64 bytes at 0x%lx: log\n"
    "memory check: 0x41 instead of 0xbd at 0x%lx, behind the end of 0x64 bytes at 0x%lx\n",
    AT(memory + 100), AT(memory), AT(other + 100), AT(other));
  KIT_EQUAL(bootmem_heap_free(memory), 0);
  bootmem_unlabel(kit_address(memory), 100);
  memory[1] = 0x41;
  KIT_EQUAL(bootmem_heap_check(), 1);
  SAYS("memory check: 0x41 instead of 0x6b at 0x%lx, in freed memory: 0x64 bytes at 0x%lx: log\n",
    AT(memory + 1), AT(memory));
}

static void test_before_setup(void)
{
  kit_test("before bootmem_setup() there is nothing to look at");
  KIT_EQUAL(bootmem_heap_check(), 0);
  KIT_EQUAL(bootmem_heap_free((void *)0x1000), EINVAL_RESULT);
}

int main(void)
{
  test_before_setup();
  test_overflow();
  test_underflow();
  test_use_after_free();
  test_double_free();
  test_names();
  return kit_finish();
}
