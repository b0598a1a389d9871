/* SPDX-License-Identifier: MIT */
/* The ledger of bootmem_ledger.h.  It calls what bootmem.h declares, and the allocator knows
 * nothing of it: so who does not call it does not link it. */
#include "bootmem_state.h"

#include "bootmem_ledger.h"

enum { EBUSY = 16, EINVAL = 22, ENOSPC = 28, ENOMEM = 12 };

/* What an entry's state says; 0: it was labelled or reserved. */
enum {
  ALLOCATED = 1 << 0, /* its first and last page may be others' too */
  RED_ZONE = 1 << 1,  /* a red zone lies behind it */
  FREED = 1 << 2      /* it is held by nobody, and full of FREED_BYTE */
};

enum { RED_ZONE_SIZE = 16, RED_ZONE_BYTE = 0xbd, FREED_BYTE = 0x6b };

static struct {
  struct bootmem_entry *entries;
  unsigned long capacity, count, left_out;
  unsigned int flags;
} ledger;

/* ---- Text ---- */

struct text {
  size_t length;
  char bytes[240];
};

static void add_text(struct text *text, const char *more)
{
  /* The last byte is for the line feed. */
  while (*more != 0 && text->length < sizeof text->bytes - 1) text->bytes[text->length++] = *more++;
}

/* Begins a line. */
static void begin(struct text *text, const char *start)
{
  text->length = 0;
  add_text(text, start);
}

static void add_number(struct text *text, unsigned long number, unsigned int base, int digits)
{
  char reversed[24];
  int count = 0;

  do {
    reversed[count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number > 0);
  for (; digits > count; digits--) add_text(text, "0");
  while (count > 0) add_text(text, (char[2]){reversed[--count], 0});
}

/* Adds a text and a hexadecimal number. */
static void add_hex(struct text *text, const char *before, unsigned long number)
{
  add_text(text, before);
  add_number(text, number, 16, 1);
}

/* Adds a decimal number and a text. */
static void add_count(struct text *text, unsigned long number, const char *behind)
{
  add_number(text, number, 10, 1);
  add_text(text, behind);
}

static void write_line(struct text *text)
{
  const struct bootmem_platform *platform = bootmem_platform_pointer();

  text->bytes[text->length++] = '\n';
  if (platform->write != NULL) platform->write(platform->context, text->bytes, text->length);
}

/* ---- Ranges ---- */

static unsigned long last_of(const struct bootmem_entry *entry)
{
  return entry->start + (entry->size - 1);
}

static bool is_held(const struct bootmem_entry *entry) { return (entry->state & FREED) == 0; }

static bool same_name(const char *left, const char *right)
{
  while (*left != 0 && *left == *right) left++, right++;
  return *left == *right;
}

/* The whole pages of a range: their first and their last byte; false if there is none. */
static bool whole_pages(unsigned long start, unsigned long size, unsigned long *first,
    unsigned long *last)
{
  unsigned long begin = (start + (BOOTMEM_PAGE_SIZE - 1)) & ~(BOOTMEM_PAGE_SIZE - 1);
  /* 0 where the range ends at the top. */
  unsigned long end = (start + size) & ~(BOOTMEM_PAGE_SIZE - 1);

  if (size < BOOTMEM_PAGE_SIZE || begin < start || end - 1 < begin) return false;
  *first = begin;
  *last = end - 1;
  return true;
}

/* The first entry that touches any byte from `first` to `last`, is held, and is not `but`. */
static const struct bootmem_entry *first_holder(unsigned long first, unsigned long last,
    const struct bootmem_entry *but)
{
  for (unsigned long i = 0; i < ledger.count; i++) {
    const struct bootmem_entry *entry = &ledger.entries[i];

    if (entry != but && is_held(entry) && entry->start <= last && last_of(entry) >= first)
      return entry;
  }
  return NULL;
}

static const struct bootmem_entry *holder_of(unsigned long pfn)
{
  unsigned long first = pfn * BOOTMEM_PAGE_SIZE;

  if (pfn > ~0UL / BOOTMEM_PAGE_SIZE) return NULL;
  return first_holder(first, first + (BOOTMEM_PAGE_SIZE - 1), NULL);
}

/* ---- Entering ---- */

static int enter(unsigned long start, unsigned long size, const char *name, unsigned int state)
{
  if (ledger.count == ledger.capacity) {
    if (ledger.left_out++ == 0) {
      struct text text;

      begin(&text, "bootmem: the ledger is full: it holds ");
      add_count(&text, ledger.capacity, " entries, and needs room for ");
      add_count(&text, ledger.capacity + 1, ", see bootmem_set_ledger()");
      write_line(&text);
    }
    return -ENOSPC;
  }
  ledger.entries[ledger.count++] =
      (struct bootmem_entry){.start = start, .size = size, .name = name, .state = state};
  return 0;
}

static void remove_entry(unsigned long index)
{
  ledger.count--;
  for (; index < ledger.count; index++) {
    ledger.entries[index] = ledger.entries[index + 1];
    /* Lest the compiler make this a call of memmove. */
    __asm__ volatile("" ::: "memory");
  }
}

/* Takes the bytes from `first` to `last` out of all entries that are held, or of all that are
 * not. */
static void take_out(unsigned long first, unsigned long last, bool held)
{
  for (unsigned long i = 0; i < ledger.count;) {
    struct bootmem_entry *entry = &ledger.entries[i];
    unsigned long entry_last = last_of(entry);

    i++;
    if (is_held(entry) != held || entry->start > last || entry_last < first) continue;
    if (entry->start < first) {
      struct bootmem_entry whole = *entry;

      entry->size = first - entry->start;
      entry->state &= ~(unsigned int)RED_ZONE;
      if (entry_last > last) enter(last + 1, entry_last - last, whole.name, whole.state);
    } else if (entry_last > last) {
      entry->start = last + 1;
      entry->size = entry_last - last;
    } else {
      remove_entry(--i);
    }
  }
}

BOOTMEM_CALL int bootmem_set_ledger(struct bootmem_entry *storage, unsigned long capacity,
    unsigned int flags)
{
  if ((flags & ~(unsigned int)BOOTMEM_CHECK_MEMORY) != 0 || (storage == NULL && capacity > 0))
    return -EINVAL;
  ledger.entries = storage;
  ledger.capacity = capacity;
  ledger.count = ledger.left_out = 0;
  ledger.flags = flags;
  return 0;
}

BOOTMEM_CALL int bootmem_label(unsigned long start, unsigned long size, const char *name)
{
  if (name == NULL || size == 0 || start + (size - 1) < start || ledger.capacity == 0)
    return -EINVAL;
  return enter(start, size, name, 0);
}

BOOTMEM_CALL void bootmem_unlabel(unsigned long start, unsigned long size)
{
  if (size > 0 && start + (size - 1) >= start) take_out(start, start + (size - 1), true);
}

BOOTMEM_CALL const char *bootmem_holder(unsigned long pfn)
{
  const struct bootmem_entry *entry = holder_of(pfn);

  return entry == NULL ? NULL : entry->name;
}

BOOTMEM_CALL int bootmem_reserve_as(unsigned long start, unsigned long size, int flags,
    const char *name)
{
  int result = reserve_bootmem(start, size, flags);

  if (result == 0) {
    /* What has no byte is not entered. */
    if (size > 0) bootmem_label(start, size, name);
  } else if (result == -EBUSY) {
    unsigned long pfn = start / BOOTMEM_PAGE_SIZE;
    const struct bootmem_entry *entry;
    struct text text;

    /* There is one, or the result would be another. */
    while (bootmem_is_reserved(pfn) == 0) pfn++;
    begin(&text, "bootmem: page ");
    add_hex(&text, "0x", pfn);
    add_text(&text, " is reserved already");
    entry = holder_of(pfn);
    if (entry != NULL) {
      add_hex(&text, "; pages 0x", entry->start / BOOTMEM_PAGE_SIZE);
      add_hex(&text, "-0x", last_of(entry) / BOOTMEM_PAGE_SIZE);
      add_text(&text, ": ");
      add_text(&text, entry->name);
    }
    write_line(&text);
  }
  return result;
}

/* ---- The debug mode ---- */

static volatile unsigned char *bytes_at(unsigned long address)
{
  return (volatile unsigned char *)(address + bootmem_platform_pointer()->direct_map_offset);
}

static void fill(unsigned long start, unsigned long size, unsigned char value)
{
  volatile unsigned char *bytes = bytes_at(start);

  for (unsigned long i = 0; i < size; i++) bytes[i] = value;
}

/* Whether all of a range has that value; tells of the first byte that has not. */
static bool check(unsigned long start, unsigned long size, unsigned char value, const char *where,
    const char *name)
{
  volatile unsigned char *bytes = bytes_at(start);

  for (unsigned long i = 0; i < size; i++) {
    if (bytes[i] != value) {
      struct text text;

      begin(&text, "bootmem: ");
      add_hex(&text, "0x", bytes[i]);
      add_hex(&text, " instead of 0x", value);
      add_hex(&text, " at 0x", start + i);
      add_text(&text, where);
      add_text(&text, name);
      write_line(&text);
      return false;
    }
  }
  return true;
}

static bool check_zone(const struct bootmem_entry *entry)
{
  return (entry->state & RED_ZONE) == 0
    || check(last_of(entry) + 1, RED_ZONE_SIZE, RED_ZONE_BYTE, ", behind the end of ", entry->name);
}

/* Whether what was freed of a range is as it was left. */
static bool check_freed(unsigned long first, unsigned long last)
{
  bool is_good = true;

  for (unsigned long i = 0; i < ledger.count; i++) {
    const struct bootmem_entry *entry = &ledger.entries[i];
    unsigned long begin = entry->start > first ? entry->start : first;
    unsigned long end = last_of(entry) < last ? last_of(entry) : last;

    if (is_held(entry) || begin > end) continue;
    is_good &= check(begin, end - begin + 1, FREED_BYTE, ", freed by ", entry->name);
  }
  return is_good;
}

BOOTMEM_CALL unsigned long bootmem_check_ledger(void)
{
  unsigned long count = 0;

  for (unsigned long i = 0; i < ledger.count; i++) {
    const struct bootmem_entry *entry = &ledger.entries[i];

    if (!check_zone(entry)) count++;
    if (!is_held(entry)
        && !check(entry->start, entry->size, FREED_BYTE, ", freed by ", entry->name))
      count++;
  }
  return count;
}

/* An allocation with checks; -ENOMEM also after the hand-over, or if it has no room for a zone. */
static int allocate_checked(const struct bootmem_request *request, unsigned long *physical,
    const char *name)
{
  struct bootmem_request larger = *request;
  bool is_small = request->size < BOOTMEM_PAGE_SIZE;
  unsigned long start, touched = request->size + (is_small ? RED_ZONE_SIZE : 0);
  int result;

  larger.size = touched;
  larger.flags |= BOOTMEM_NO_CLEAR;
  result = bootmem_allocate(&larger, &start);
  if (result != 0) return result;
  check_freed(start, start + (touched - 1));
  take_out(start, start + (touched - 1), false);
  fill(start, request->size, 0);
  if (is_small) fill(start + request->size, RED_ZONE_SIZE, RED_ZONE_BYTE);
  enter(start, request->size, name, ALLOCATED | (is_small ? RED_ZONE : 0));
  *physical = start;
  return 0;
}

BOOTMEM_CALL int bootmem_allocate_as(const struct bootmem_request *request, unsigned long *physical,
    const char *name)
{
  unsigned long start;
  int result;

  if (request == NULL || physical == NULL || name == NULL || ledger.capacity == 0) return -EINVAL;
  /* A size of 0 stays an error. */
  if ((ledger.flags & BOOTMEM_CHECK_MEMORY) != 0 && (request->flags & BOOTMEM_NO_CLEAR) == 0
      && request->size > 0 && allocate_checked(request, physical, name) == 0)
    return 0;
  result = bootmem_allocate(request, &start);
  if (result != 0) return result;
  /* What is not looked at may be written to. */
  take_out(start, start + (request->size - 1), false);
  enter(start, request->size, name, ALLOCATED);
  *physical = start;
  return 0;
}

BOOTMEM_CALL void bootmem_free_as(unsigned long start, unsigned long size)
{
  bool is_checking = (ledger.flags & BOOTMEM_CHECK_MEMORY) != 0;
  unsigned long first, last;
  const struct bootmem_entry *holder;
  const char *name;

  free_bootmem(start, size);
  /* Nothing was freed if a fault came back, or after the hand-over. */
  if (!whole_pages(start, size, &first, &last)
      || bootmem_is_reserved(first / BOOTMEM_PAGE_SIZE) != 0)
    return;
  holder = first_holder(first, last, NULL);
  name = holder == NULL ? "(no name)" : holder->name;
  if (is_checking) {
    for (unsigned long i = 0; i < ledger.count; i++) {
      const struct bootmem_entry *entry = &ledger.entries[i];

      if (entry->start >= first && last_of(entry) <= last) check_zone(entry);
    }
  }
  take_out(first, last, true);
  if (!is_checking) return;
  take_out(first, last, false);
  if (enter(first, last - first + 1, name, FREED) == 0) fill(first, last - first + 1, FREED_BYTE);
}

/* ---- The report ---- */

/* Adds a size as a person reads it: 640 KiB; it is cut, not rounded. */
static void add_size(struct text *text, unsigned long size)
{
  static const char units[][5] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  unsigned int unit = 0;
  unsigned long tenths = 0;

  for (; size >= 1024; size /= 1024, unit++) tenths = size % 1024 * 10 / 1024;
  add_number(text, size, 10, 1);
  if (tenths > 0) {
    add_text(text, ".");
    add_number(text, tenths, 10, 1);
  }
  add_text(text, units[unit]);
}

/* Sums stop at the largest number. */
static void add_to(unsigned long *sum, unsigned long size)
{
  *sum = *sum + size < size ? ~0UL : *sum + size;
}

/* Whether the one entry comes before the other, which is another one. */
static bool is_ordered(unsigned long left, unsigned long right)
{
  unsigned long left_start = ledger.entries[left].start;
  unsigned long right_start = ledger.entries[right].start;

  return left_start < right_start || (left_start == right_start && left < right);
}

/* The entry that comes next in ascending order, ledger.count behind the last; from ledger.count
 * on. */
static unsigned long next_in_order(unsigned long previous)
{
  unsigned long next = ledger.count;

  for (unsigned long i = 0; i < ledger.count; i++) {
    if (!is_held(&ledger.entries[i])) continue;
    if (previous < ledger.count && (i == previous || !is_ordered(previous, i))) continue;
    if (next == ledger.count || is_ordered(i, next)) next = i;
  }
  return next;
}

/* Writes the sum of the name of an entry, if it is its first and there are others. */
static void print_sum(unsigned long index)
{
  const char *name = ledger.entries[index].name;
  unsigned long count = 0, size = 0;
  struct text text;

  for (unsigned long i = 0; i < ledger.count; i++) {
    const struct bootmem_entry *entry = &ledger.entries[i];

    if (!is_held(entry) || !same_name(entry->name, name)) continue;
    if (i < index) return;
    count++;
    add_to(&size, entry->size);
  }
  if (count < 2) return;
  begin(&text, "  ");
  add_text(&text, name);
  add_text(&text, ": ");
  add_count(&text, count, " ranges, ");
  add_size(&text, size);
  write_line(&text);
}

BOOTMEM_CALL void bootmem_print_ledger(void)
{
  unsigned long count = 0, size = 0, pages = 0, end_page = 0;
  struct text all;

  for (unsigned long i = next_in_order(ledger.count); i < ledger.count; i = next_in_order(i)) {
    const struct bootmem_entry *entry = &ledger.entries[i];
    unsigned long page = entry->start / BOOTMEM_PAGE_SIZE;
    unsigned long end = last_of(entry) / BOOTMEM_PAGE_SIZE + 1;
    struct text text;

    begin(&text, "  ");
    add_number(&text, entry->start, 16, 16);
    add_text(&text, "-");
    add_number(&text, last_of(entry), 16, 16);
    add_text(&text, " ");
    add_text(&text, entry->name);
    add_text(&text, ", ");
    add_size(&text, entry->size);
    write_line(&text);
    count++;
    add_to(&size, entry->size);
    if (page < end_page) page = end_page;
    if (end > page) {
      pages += end - page;
      end_page = end;
    }
  }
  for (unsigned long i = 0; i < ledger.count; i++)
    if (is_held(&ledger.entries[i])) print_sum(i);
  begin(&all, "  all: ");
  add_count(&all, count, " ranges, ");
  add_size(&all, size);
  add_text(&all, " in ");
  add_count(&all, pages, " pages");
  write_line(&all);
  if (ledger.left_out > 0) {
    struct text text;

    begin(&text, "  and ");
    add_count(&text, ledger.left_out, " more: the ledger holds ");
    add_count(&text, ledger.capacity, " entries, and needs room for ");
    add_count(&text, ledger.capacity + ledger.left_out, "");
    write_line(&text);
  }
}

/* ---- After the hand-over ---- */

/* Hands over the pages of an entry that lie in a node, and that no other entry touches. */
static unsigned long release_entry(const struct bootmem_entry *entry)
{
  unsigned long first = entry->start & ~(BOOTMEM_PAGE_SIZE - 1);
  unsigned long last = last_of(entry) | (BOOTMEM_PAGE_SIZE - 1);
  unsigned long count = 0;

  if ((entry->state & ALLOCATED) != 0 && !whole_pages(entry->start, entry->size, &first, &last))
    return 0;
  for (unsigned long pfn = first / BOOTMEM_PAGE_SIZE; pfn <= last / BOOTMEM_PAGE_SIZE; pfn++) {
    unsigned long page = pfn * BOOTMEM_PAGE_SIZE;

    if (bootmem_is_reserved(pfn) != 1
        || first_holder(page, page + (BOOTMEM_PAGE_SIZE - 1), entry) != NULL)
      continue;
    free_bootmem_late(page, BOOTMEM_PAGE_SIZE);
    count++;
  }
  return count;
}

/* Whether the memory has been handed over: no range can be reserved any more, not even none. */
static bool is_handed_over(void) { return reserve_bootmem(0, 0, BOOTMEM_DEFAULT) != 0; }

BOOTMEM_CALL unsigned long bootmem_release_as(const char *name)
{
  unsigned long count = 0;

  if (name == NULL || !is_handed_over()) return 0;
  for (unsigned long i = 0; i < ledger.count;) {
    struct bootmem_entry *entry = &ledger.entries[i];

    i++;
    if (!is_held(entry) || !same_name(entry->name, name)) continue;
    count += release_entry(entry);
    remove_entry(--i);
  }
  return count;
}
