/* SPDX-License-Identifier: MIT */
/* The same kernel with a heap, and without a page allocator of its own: libbootmem.a goes on with the pages.
 * Takes the place of kernel.c (make run KERNEL=heap). */
#include "bootmem_heap.h"
#include "bootmem_pages.h"
#include "kernel.h"

/* A list that grows by one element at a time. */
struct word {
  struct word *next;
  char *text;
};

static void copy(char *to, const char *from)
{
  while ((*to++ = *from++) != 0) {}
}

static unsigned long length(const char *text)
{
  unsigned long count = 0;

  while (text[count] != 0) count++;
  return count;
}

static struct word *push(struct word *list, const char *text)
{
  struct word *word = bootmem_heap_allocate(sizeof *word);

  CHECK(word != NULL);
  word->next = list;
  word->text = bootmem_heap_allocate(length(text) + 1);
  CHECK(word->text != NULL);
  copy(word->text, text);
  return word;
}

static struct word *pop(struct word *list)
{
  struct word *next = list->next;

  CHECK(bootmem_heap_free(list->text) == 0);
  CHECK(bootmem_heap_free(list) == 0);
  return next;
}

static int begins_with(const char *text, const char *start)
{
  while (*start != 0 && *text == *start) text++, start++;
  return *start == 0;
}

void kernel_start(const struct range *usable, unsigned count)
{
  struct bootmem_heap_statistics held;
  struct word *list = NULL;
  unsigned long run;

  memory_start(usable, count);
  /* There is nothing to set up: the first allocation takes its page from bootmem. */
  list = push(list, "served by bootmem, freed after it\n");

  /* Instead of memory_hand_over(): the pages stay the library's.  What is allocated stays where it is. */
  CHECK(bootmem_keep_pages() == 0);
  list = push(list, "served by the kept pages\n");
  list->text = bootmem_heap_resize(list->text, 3 * BOOTMEM_PAGE_SIZE);
  CHECK(list->text != NULL && begins_with(list->text, "served by the kept"));

  /* The kernel takes pages as well: for page tables, for the stacks of its threads. */
  run = bootmem_pages_allocate_run(5, 1, -1, 0);
  CHECK(run != BOOTMEM_NO_PAGE);
  CHECK(bootmem_pages_free_run(run, 5) == 0);

  /* A wrong pointer is refused, and changes nothing. */
  CHECK(bootmem_heap_free(list->text + 16) == -22);
  while (list != NULL) {
    say(list->text);
    list = pop(list);
  }
  bootmem_heap_trim();
  CHECK(bootmem_heap_count(&held) == 0);
  CHECK(held.allocations == 0 && held.pages == 0 && held.index_pages == 0);
  say("ok\n");
  machine_leave(1);
}
