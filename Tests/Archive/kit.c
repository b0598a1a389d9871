/* SPDX-License-Identifier: MIT */
/* See kit.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct bootmem_platform kit_platform;
int kit_fault;
char kit_message[512];
jmp_buf kit_return;
bool kit_catches;
struct kit_block *kit_blocks;
size_t kit_block_count;
char kit_text[1 << 16];

static unsigned char *arena;
static size_t arena_size;
static uintptr_t arena_address;
static size_t block_capacity, text_length;

/* Callbacks are checked to get the context that was given. */
static char context;

static void require(bool condition, const char *what)
{
  if (condition) return;
  fprintf(stderr, "test: %s\n", what);
  exit(2);
}

static void BOOTMEM_CALL write_text(void *given, const char *text, size_t length)
{
  require(given == &context, "write got another context");
  if (kit_text[0] == 0) text_length = 0;
  if (length > sizeof kit_text - 1 - text_length) length = sizeof kit_text - 1 - text_length;
  memcpy(kit_text + text_length, text, length);
  text_length += length;
  kit_text[text_length] = 0;
}

static void BOOTMEM_CALL fault(void *given, int code, const char *message)
{
  require(given == &context, "fault got another context");
  if (!kit_catches) {
    fprintf(stderr, "test: fault %d: %s\n", code, message);
    exit(2);
  }
  kit_fault = code;
  snprintf(kit_message, sizeof kit_message, "%s", message);
  longjmp(kit_return, 1);
}

/* Clears what lies in the arena, the rest does not exist. */
static void BOOTMEM_CALL clear(void *given, void *start, size_t length)
{
  uintptr_t offset = (uintptr_t)start - (uintptr_t)arena;

  require(given == &context, "clear got another context");
  if (offset < arena_size && length <= arena_size - offset) memset(start, 0, length);
}

static void BOOTMEM_CALL release_pages(void *given, unsigned long pfn, unsigned int order, int nid)
{
  require(given == &context, "release_pages got another context");
  if (kit_block_count == block_capacity) {
    block_capacity = block_capacity == 0 ? 1024 : 2 * block_capacity;
    kit_blocks = realloc(kit_blocks, block_capacity * sizeof *kit_blocks);
    require(kit_blocks != NULL, "out of memory");
  }
  kit_blocks[kit_block_count++] = (struct kit_block){pfn, order, nid};
}

/* Maps an arena, at `place` if nothing is there. */
static void map_arena(void *place, size_t size)
{
  arena = mmap(place, size, PROT_READ | PROT_WRITE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(arena != MAP_FAILED, "no memory for the arena");
  arena_size = size;
}

void kit_setup(unsigned long pfn, unsigned long pages)
{
  size_t size = (size_t)pages * BOOTMEM_PAGE_SIZE;

  if (size > arena_size) {
    if (arena_size > 0) munmap(arena, arena_size);
    map_arena(NULL, size);
  }
  arena_address = pfn * BOOTMEM_PAGE_SIZE;
  kit_block_count = text_length = 0;
  kit_text[0] = 0;
  kit_platform = (struct bootmem_platform){
    .size = sizeof kit_platform,
    .context = &context,
    .direct_map_offset = (uintptr_t)arena - arena_address,
    .cache_line_size = 64,
    .max_dma_address = 0x1000000,
    .low_address_limit = 0xffffffff,
    .max_dma32_pfn = WORD_BITS == 64 ? 1ULL << 32 >> BOOTMEM_PAGE_SHIFT : 0,
    .max_order = 10,
    .write = write_text,
    .fault = fault,
    .clear = clear,
    .release_pages = release_pages,
  };
  require(bootmem_setup(&kit_platform) == 0, "bootmem_setup refused the platform");
}

unsigned long kit_null_pfn(void) { return kit_address(NULL) >> BOOTMEM_PAGE_SHIFT; }

void kit_setup_elsewhere(unsigned long pfn, unsigned long pages)
{
  enum { STEP = 1 << 24, FIRST = 0x20000000 };
  static uintptr_t place = FIRST;

  munmap(arena, arena_size);
  map_arena((void *)place, arena_size);
  place += STEP;
  kit_setup(pfn, pages);
}

uintptr_t kit_address(const void *pointer)
{
  return (uintptr_t)pointer - kit_platform.direct_map_offset;
}

void *kit_pointer(uintptr_t address)
{
  return (void *)(address + kit_platform.direct_map_offset);
}

static const char *test_name;
static unsigned passed, failed;
static bool test_failed;

static void end_test(void)
{
  if (test_name == NULL) return;
  if (test_failed) failed++; else passed++;
}

void kit_test(const char *name)
{
  end_test();
  test_name = name;
  test_failed = false;
}

void kit_expect(bool condition, const char *text, const char *file, int line)
{
  if (condition) return;
  test_failed = true;
  printf("%s:%d: %s (%u bit): expected: %s\n", file, line, test_name, (unsigned)WORD_BITS, text);
}

void kit_equal(uintmax_t left, uintmax_t right, const char *text, const char *file, int line)
{
  if (left == right) return;
  test_failed = true;
  printf("%s:%d: %s (%u bit): %s is %" PRIxMAX ", not %" PRIxMAX "\n", file, line, test_name,
    (unsigned)WORD_BITS, text, left, right);
}

void kit_says(const char *left, const char *right, const char *file, int line)
{
  if (strcmp(left, right) == 0) return;
  test_failed = true;
  printf("%s:%d: %s (%u bit): it says '%s', not '%s'\n", file, line, test_name,
    (unsigned)WORD_BITS, left, right);
}

int kit_finish(void)
{
  end_test();
  printf("%u passed, %u failed\n", passed, failed);
  return failed != 0 || passed == 0;
}
