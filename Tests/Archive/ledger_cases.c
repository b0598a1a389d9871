/* SPDX-License-Identifier: MIT */
/* The table of the ledger's cases, Tests/Fixtures/ledger/cases.txt, by the functions of C.  Faults
 * return here, as bootmem.h allows. */
#include "kit.h"

#include <bootmem_ledger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 0x40, CAPACITY = 16 };

static struct bootmem_entry entries[CAPACITY], freed[CAPACITY];
static size_t seen;
static int line_number;
static unsigned faults;

static void BOOTMEM_CALL fault(void *context, int code, const char *message)
{
  (void)context;
  (void)code;
  (void)message;
  faults++;
}

static void set_up(const char *name)
{
  kit_test(name);
  kit_setup(0, PAGES);
  kit_platform.fault = fault;
  KIT_EQUAL(bootmem_setup(&kit_platform), 0);
  seen = 0;
  init_bootmem(1, PAGES);
  free_bootmem(0x2000, (PAGES - 2) * 0x1000UL);
}

/* The next line that was printed, "" for none; what only the functions of C print is passed over. */
static const char *next_said(void)
{
  static char line[512];

  for (;;) {
    size_t length = strcspn(kit_text + seen, "\n");

    snprintf(line, sizeof line, "%.*s", (int)length, kit_text + seen);
    if (kit_text[seen] != 0) seen += length + 1;
    if (strncmp(line, "bootmem: the ledger is full", 27) != 0
        && strncmp(line, "bootmem: free_bootmem(", 22) != 0)
      return line;
  }
}

static void expect(const char *is, const char *expected)
{
  kit_says(is, expected, "cases.txt", line_number);
}

static void expect_number(unsigned long is, const char *expected, int base)
{
  char text[24];

  snprintf(text, sizeof text, base == 16 ? "%lx" : "%lu", is);
  expect(text, expected);
}

/* Names must stay. */
static const char *kept(const char *name) { return strcpy(malloc(strlen(name) + 1), name); }

/* Takes a number off the front of the words. */
static unsigned long number(char **words)
{
  unsigned long value = strtoul(*words, words, 16);

  *words += strspn(*words, " ");
  return value;
}

static void allocate(char *words, const char *result, unsigned int flags)
{
  struct bootmem_request request = {.nid = -1, .flags = flags};
  unsigned long physical = 7;

  request.size = number(&words);
  request.align = number(&words);
  switch (bootmem_allocate_as(&request, &physical, kept(words))) {
  case 0: expect_number(physical, result, 16); break;
  case ENOMEM_RESULT: expect("no memory", result); break;
  default: expect("refused", result);
  }
}

static void reserve(char *words, const char *result, int flags)
{
  unsigned long start = number(&words), size = number(&words);

  switch (bootmem_reserve_as(start, size, flags, kept(words))) {
  case 0: expect("done", result); break;
  case EBUSY_RESULT: expect("busy", result); break;
  default: expect("refused", result);
  }
}

static void free_range(char *words, const char *result)
{
  unsigned long start = number(&words), size = number(&words);
  size_t before = strlen(kit_text);

  faults = 0;
  bootmem_free_as(start, size);
  expect(faults == 0 && strstr(kit_text + before, "free_bootmem(") == NULL ? "done" : "refused",
    result);
}

static void call(const char *name, char *words, const char *result)
{
  unsigned long first;

  if (strcmp(name, "says") != 0) expect(next_said(), "");
  if (strcmp(name, "case") == 0) set_up(kept(words));
  else if (strcmp(name, "ledger") == 0)
    KIT_EQUAL(bootmem_set_ledger(entries, strtoul(words, NULL, 10)), 0);
  else if (strcmp(name, "checks") == 0)
    KIT_EQUAL(bootmem_start_checking(freed, strtoul(words, NULL, 10)), 0);
  else if (strcmp(name, "allocate") == 0) allocate(words, result, 0);
  else if (strcmp(name, "as-it-is") == 0) allocate(words, result, BOOTMEM_NO_CLEAR);
  else if (strcmp(name, "reserve") == 0) reserve(words, result, BOOTMEM_DEFAULT);
  else if (strcmp(name, "exclusive") == 0) reserve(words, result, BOOTMEM_EXCLUSIVE);
  else if (strcmp(name, "free") == 0) free_range(words, result);
  else if (strcmp(name, "check") == 0) expect_number(bootmem_check_ledger(), result, 10);
  else if (strcmp(name, "report") == 0) bootmem_print_ledger();
  else if (strcmp(name, "says") == 0) expect(next_said(), words);
  else if (strcmp(name, "hand") == 0) free_all_bootmem();
  else if (strcmp(name, "release") == 0) expect_number(bootmem_release_as(words), result, 10);
  else {
    first = number(&words);
    if (strcmp(name, "label") == 0) {
      unsigned long size = number(&words);

      KIT_EQUAL(bootmem_label(first, size, kept(words)), 0);
    } else if (strcmp(name, "unlabel") == 0) bootmem_unlabel(first, number(&words));
    else if (strcmp(name, "holder") == 0) {
      const char *holder = bootmem_holder(first);

      expect(holder == NULL ? "nobody" : holder, result);
    } else if (strcmp(name, "reserved") == 0)
      expect(bootmem_is_reserved(first) == 1 ? "yes" : "no", result);
    else if (strcmp(name, "write") == 0) *(unsigned char *)kit_pointer(first) = number(&words);
    else if (strcmp(name, "byte") == 0)
      expect_number(*(unsigned char *)kit_pointer(first), result, 16);
    else KIT_SAYS(name, "a call");
  }
}

int main(int argc, char **argv)
{
  FILE *file = fopen(argc > 1 ? argv[1] : "Tests/Fixtures/ledger/cases.txt", "r");
  char line[512];

  if (file == NULL) return 2;
  while (fgets(line, sizeof line, file) != NULL) {
    char *words = line, *result = NULL;

    line_number++;
    line[strcspn(line, "\n")] = 0;
    if (line[0] == 0 || line[0] == '#') continue;
    words += strcspn(line, " ");
    if (*words != 0) *words++ = 0;
    if (strcmp(line, "says") != 0 && strcmp(line, "case") != 0 && (result = strstr(words, "= "))) {
      if (result > words) result[-1] = 0;
      result += 2;
    }
    call(line, words, result == NULL ? "" : result);
  }
  expect(next_said(), "");
  return kit_finish();
}
