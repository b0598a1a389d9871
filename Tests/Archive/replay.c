/* SPDX-License-Identifier: MIT */
/* Replays golden traces of Linux 4.19, of the form that Sources/BootMemoryTrace reads, through the
 * archive: replay FILE... compares the result of every operation; a file ends at its first
 * difference. */
#include "kit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_ARGUMENTS = 6, LINE_SIZE = 4096, RESULT_SIZE = 1 << 16 };

/* A node as the trace has it, and where its bitmap really is: outside every node. */
struct node {
  bool is_registered;
  unsigned long map_pfn, start, end;
  unsigned long real_map_pfn;
};

static struct node nodes[BOOTMEM_MAX_NODES];
static unsigned long next_map_pfn, minimum_pfn;
static bool handed_over;

/* ---- Results ---- */

static char result[RESULT_SIZE];
static size_t result_length;

static void answer(const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  result_length += (size_t)vsnprintf(
    result + result_length, sizeof result - result_length, format, arguments);
  va_end(arguments);
}

static uint64_t hash_byte(uint64_t hash, unsigned char byte)
{
  return (hash ^ byte) * 0x100000001b3u;
}

static const uint64_t hash_start = 0xcbf29ce484222325u;

/* Linux's bitmap of a node: a whole number of words. */
static unsigned long linux_bitmap_size(unsigned long pages)
{
  unsigned long words = pages / WORD_BITS + (pages % WORD_BITS != 0);

  return words * sizeof(long);
}

static unsigned long pages_for(unsigned long size)
{
  return size / BOOTMEM_PAGE_SIZE + (size % BOOTMEM_PAGE_SIZE != 0);
}

/* A bitmap may be larger than Linux's by 8 % and two pages: then Linux's size is the answer. */
static unsigned long tolerate(unsigned long size, unsigned long linux_size, unsigned long page)
{
  if (size >= linux_size && size - linux_size <= linux_size * 8 / 100 + 2 * page) return linux_size;
  return size;
}

/* ---- Hand-over ---- */

static uint64_t block_hash;
static unsigned long hashed_pages, hashed_blocks, hashed_orders[2];
static char block_lines[RESULT_SIZE];
static size_t block_lines_length;

static void hash_block(unsigned long pfn, unsigned order)
{
  uint64_t wide = pfn;
  int byte;

  for (byte = 0; byte < 8; byte++)
    block_hash = hash_byte(block_hash, (unsigned char)(wide >> 8 * byte));
  block_hash = hash_byte(block_hash, (unsigned char)order);
  hashed_pages += 1UL << order;
  hashed_blocks++;
  hashed_orders[order != 0]++;
  if (hashed_blocks <= 0x100)
    block_lines_length += (size_t)snprintf(block_lines + block_lines_length,
      sizeof block_lines - block_lines_length, "= %lx %x\n", pfn, order);
}

/* Cuts a run of free pages as Linux does: aligned words of the bitmap, else single pages. */
static void hash_run(unsigned long start, unsigned long end)
{
  while (start < end) {
    bool is_word = start % WORD_BITS == 0 && end - start >= WORD_BITS;

    hash_block(start, is_word ? (WORD_BITS == 64 ? 6 : 5) : 0);
    start += is_word ? WORD_BITS : 1;
  }
}

/* Hashes the blocks of one node: its free pages, ascending, then its bitmap's. */
static size_t hash_node(size_t first)
{
  int nid = kit_blocks[first].nid;
  const struct node *node = &nodes[nid];
  unsigned long start = 0, end = 0, page, expected = node->real_map_pfn;
  size_t index;

  for (index = first; index < kit_block_count && kit_blocks[index].nid == nid; index++) {
    const struct kit_block *block = &kit_blocks[index];

    if (block->pfn % (1UL << block->order) != 0 || block->order > kit_platform.max_order)
      answer("(misaligned block) ");
    if (block->pfn >= node->start && block->pfn < node->end) {
      if (block->pfn < end || expected != node->real_map_pfn) answer("(descending blocks) ");
      if (block->pfn != end) {
        hash_run(start, end);
        start = block->pfn;
      }
      end = block->pfn + (1UL << block->order);
    } else {
      if (block->pfn != expected) answer("(not the bitmap's page %lx) ", block->pfn);
      expected += 1UL << block->order;
    }
  }
  hash_run(start, end);
  if (expected != node->real_map_pfn + bootmem_bootmap_pages(node->end - node->start))
    answer("(not all of the bitmap) ");
  for (page = 0; page < pages_for(linux_bitmap_size(node->end - node->start)); page++)
    hash_block(node->map_pfn + page, 0);
  return index;
}

static void answer_blocks(void)
{
  block_hash = hash_start;
  hashed_pages = hashed_blocks = hashed_orders[0] = hashed_orders[1] = block_lines_length = 0;
  block_lines[0] = 0;
}

static void finish_blocks(void)
{
  answer("%lx blocks %lx fnv %016" PRIx64, hashed_pages, hashed_blocks, block_hash);
  if (hashed_orders[0] > 0) answer(" o0 %lx", hashed_orders[0]);
  if (hashed_orders[1] > 0) answer(" o%d %lx", WORD_BITS == 64 ? 6 : 5, hashed_orders[1]);
}

static void free_all(void)
{
  unsigned long count, sum = 0;
  size_t index;

  kit_block_count = 0;
  count = free_all_bootmem();
  for (index = 0; index < kit_block_count; index++) sum += 1UL << kit_blocks[index].order;
  if (sum != count) answer("(%lx pages returned, %lx released) ", count, sum);
  answer_blocks();
  for (index = 0; index < kit_block_count;) index = hash_node(index);
  finish_blocks();
  handed_over = true;
}

static void free_late(unsigned long address, unsigned long size)
{
  size_t index;

  kit_block_count = 0;
  free_bootmem_late(address, size);
  answer_blocks();
  for (index = 0; index < kit_block_count; index++)
    hash_block(kit_blocks[index].pfn, kit_blocks[index].order);
  finish_blocks();
}

/* ---- Operations ---- */

static unsigned long place_bitmap(struct node *node, unsigned long map, unsigned long start,
  unsigned long end)
{
  unsigned long pfn = next_map_pfn;

  *node = (struct node){true, map, start, end, pfn};
  next_map_pfn += bootmem_bootmap_pages(end - start);
  return pfn;
}

static void answer_pointer(const void *pointer)
{
  if (pointer == NULL) answer("NULL");
  else answer("%" PRIxPTR, kit_address(pointer));
}

static void answer_reserve(int status)
{
  /* Linux's reserve claims success after the hand-over; that is corrected here (D19). */
  if (status == 0 || (handed_over && status == EINVAL_RESULT)) answer("0");
  else if (status == EBUSY_RESULT) answer("EBUSY");
  else answer("%d", status);
}

static void answer_map(int nid)
{
  unsigned long pages = nodes[nid].end - nodes[nid].start, index, count = 0;
  uint64_t hash = hash_start;
  unsigned byte;

  for (index = 0; index < linux_bitmap_size(pages) / sizeof(long); index++) {
    unsigned long word = bootmem_map_word(bootmem_node(nid), index);

    count += (unsigned long)__builtin_popcountl(word);
    for (byte = 0; byte < sizeof(long); byte++)
      hash = hash_byte(hash, (unsigned char)(word >> 8 * byte));
  }
  answer("%lx %016" PRIx64, count, hash);
}

static void perform(const char *name, const unsigned long *a)
{
  pg_data_t *node = bootmem_node((int)a[0]);

#define IS(operation) (strcmp(name, operation) == 0)
  if (IS("init")) {
    unsigned long pfn = place_bitmap(&nodes[a[0]], a[1], a[2], a[3]);

    answer("%lx", tolerate(init_bootmem_node(node, pfn, a[2], a[3]),
      linux_bitmap_size(a[3] - a[2]), BOOTMEM_PAGE_SIZE));
  } else if (IS("uma")) {
    unsigned long pfn = place_bitmap(&nodes[0], a[0], 0, a[1]);

    answer("%lx", tolerate(init_bootmem(pfn, a[1]), linux_bitmap_size(a[1]), BOOTMEM_PAGE_SIZE));
    minimum_pfn = min_low_pfn == pfn ? a[0] : min_low_pfn;
  } else if (IS("pfn_limits")) answer("%lx %lx", minimum_pfn, max_low_pfn);
  else if (IS("map_pages"))
    answer("%lx", tolerate(bootmem_bootmap_pages(a[0]), pages_for(linux_bitmap_size(a[0])), 1));
  else if (IS("free")) free_bootmem(a[0], a[1]), answer("ok");
  else if (IS("free_node")) free_bootmem_node(node, a[1], a[2]), answer("ok");
  else if (IS("reserve")) answer_reserve(reserve_bootmem(a[0], a[1], (int)a[2]));
  else if (IS("reserve_node")) answer_reserve(reserve_bootmem_node(node, a[1], a[2], (int)a[3]));
  else if (IS("alloc")) answer_pointer(__alloc_bootmem(a[0], a[1], a[2]));
  else if (IS("alloc_nopanic")) answer_pointer(__alloc_bootmem_nopanic(a[0], a[1], a[2]));
  else if (IS("alloc_low")) answer_pointer(__alloc_bootmem_low(a[0], a[1], a[2]));
  else if (IS("alloc_low_nopanic")) answer_pointer(__alloc_bootmem_low_nopanic(a[0], a[1], a[2]));
  else if (IS("alloc_node")) answer_pointer(__alloc_bootmem_node(node, a[1], a[2], a[3]));
  else if (IS("alloc_node_nopanic"))
    answer_pointer(__alloc_bootmem_node_nopanic(node, a[1], a[2], a[3]));
  else if (IS("alloc_node_limit"))
    answer_pointer(___alloc_bootmem_node_nopanic(node, a[1], a[2], a[3], a[4]));
  else if (IS("alloc_node_high"))
    answer_pointer(__alloc_bootmem_node_high(node, a[1], a[2], a[3]));
  else if (IS("alloc_low_node")) answer_pointer(__alloc_bootmem_low_node(node, a[1], a[2], a[3]));
  else if (IS("map")) answer_map((int)a[0]);
  else if (IS("free_all")) free_all();
  else if (IS("free_late")) free_late(a[0], a[1]);
  else answer("(unknown operation)");
#undef IS
}

/* perform(), with a fault as its result; apart, so that no variable lives across setjmp(). */
static void attempt(const char *name, const unsigned long *arguments)
{
  KIT_CATCH(perform(name, arguments));
  if (kit_fault == BOOTMEM_FAULT_OUT_OF_MEMORY) answer("PANIC");
  if (kit_fault == BOOTMEM_FAULT_MISUSE) answer("BUG");
}

/* ---- Files ---- */

/* Cuts comment and line end; whether anything is left. */
static bool clean(char *line)
{
  line[strcspn(line, "#\r\n")] = 0;
  for (size_t end = strlen(line); end > 0 && line[end - 1] == ' '; end--) line[end - 1] = 0;
  return line[0] != 0;
}

static unsigned parse(char *text, char **name, unsigned long *arguments)
{
  unsigned count = 0;
  char *word;

  *name = strtok(text, " ");
  while (*name != NULL && count < MAXIMUM_ARGUMENTS && (word = strtok(NULL, " ")) != NULL)
    arguments[count++] = strtoul(word, NULL, 16);
  return count;
}

/* The first page of each node in a trace, and the one behind its last. */
static unsigned long spans[BOOTMEM_MAX_NODES][2];
static unsigned span_count;

/* Whether a node has any of the pages. */
static bool is_spanned(unsigned long pfn, unsigned long pages)
{
  unsigned index;

  for (index = 0; index < span_count; index++)
    if (pfn < spans[index][1] && spans[index][0] < pfn + pages) return true;
  return false;
}

/* Finds a place for all bitmaps that lies in no node: behind the last, or in a hole. */
static bool find_arena(FILE *file, unsigned long *pfn, unsigned long *pages)
{
  char line[LINE_SIZE], *name;
  unsigned long a[MAXIMUM_ARGUMENTS], candidate;
  unsigned index;

  *pages = 0;
  span_count = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (!clean(line) || (strncmp(line, "init ", 5) != 0 && strncmp(line, "uma ", 4) != 0)) continue;
    parse(line, &name, a);
    spans[span_count][0] = name[0] == 'i' ? a[2] : 0;
    spans[span_count][1] = name[0] == 'i' ? a[3] : a[1];
    if (spans[span_count][1] < spans[span_count][0]) continue;
    *pages += bootmem_bootmap_pages(spans[span_count][1] - spans[span_count][0]);
    span_count++;
  }
  rewind(file);
  for (index = 0; index <= span_count; index++) {
    candidate = index < span_count ? spans[index][1] : 0;
    if (candidate + *pages > END_PFN || is_spanned(candidate, *pages)) continue;
    *pfn = candidate;
    return true;
  }
  return false;
}

/* Compares the lines `= PFN ORDER` that follow; whether they are equal. */
static bool compare_blocks(FILE *file)
{
  const char *rest = block_lines;
  char line[LINE_SIZE];
  size_t length;

  if (hashed_blocks > 0x100) return true;
  for (; *rest != 0; rest += length) {
    length = strcspn(rest, "\n") + 1;
    if (fgets(line, sizeof line, file) == NULL || strncmp(line, rest, length) != 0) return false;
  }
  return true;
}

static bool replay(const char *path, FILE *file)
{
  char line[LINE_SIZE], *name, *expected;
  unsigned long a[MAXIMUM_ARGUMENTS], arena_pfn, arena_pages;
  unsigned number = 0, operations = 0;

  if (!find_arena(file, &arena_pfn, &arena_pages)) {
    printf("%s: no room for the bitmaps\n", path);
    return false;
  }
  kit_setup(arena_pfn, arena_pages);
  while (is_spanned(kit_null_pfn(), 1)) kit_setup_elsewhere(arena_pfn, arena_pages);
  next_map_pfn = arena_pfn;
  minimum_pfn = 0;
  handed_over = false;
  memset(nodes, 0, sizeof nodes);
  while (fgets(line, sizeof line, file) != NULL) {
    number++;
    if (!clean(line) || (expected = strstr(line, " -> ")) == NULL) continue;
    *expected = 0;
    expected += 4;
    memset(a, 0, sizeof a);
    parse(line, &name, a);
    result_length = 0;
    result[0] = 0;
    attempt(name, a);
    operations++;
    if (strcmp(result, expected) != 0) {
      printf("%s:%u: %s is '%s', in Linux '%s' %s\n", path, number, name, result, expected,
        kit_message);
      return false;
    }
    if (strcmp(name, "free_all") == 0 && !compare_blocks(file)) {
      printf("%s:%u: other blocks than in Linux\n", path, number);
      return false;
    }
  }
  if (operations == 0) printf("%s: no operation\n", path);
  return operations > 0;
}

int main(int argc, char **argv)
{
  int index;

  for (index = 1; index < argc; index++) {
    FILE *file = fopen(argv[index], "r");
    bool is_equal = file != NULL && replay(argv[index], file);

    kit_test(argv[index]);
    KIT_EXPECT(is_equal);
    if (file != NULL) fclose(file);
    else perror(argv[index]);
  }
  return kit_finish();
}
