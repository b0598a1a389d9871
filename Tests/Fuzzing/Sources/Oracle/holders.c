/* SPDX-License-Identifier: MIT */
/* What loaders leave beside the memory map: their own structures, texts and modules.  Sources:
 * Multiboot specification 0.6.96, section 3.3; Multiboot2 specification 2.0, section 3.6; Xen's
 * start_info.h (PVH); Linux's documentation, `x86/boot` and `x86/zero-page`. */
#include "oracle.h"

enum { MODULE_LIMIT = 1024, TEXT_LIMIT = 4096 };

/* A text with its final zero, as far as it ends in reach. */
static void add_text(const struct oracle_memory *memory, uint64_t start, struct oracle_map *held)
{
  uint64_t byte;

  if (start == 0) return;
  for (uint64_t size = 1; size <= TEXT_LIMIT; size++) {
    if (size - 1 > UINT64_MAX - start || !oracle_take(memory, start + size - 1, 1, &byte)) return;
    if (byte != 0) continue;
    oracle_add(held, start, size, ORACLE_HELD);
    return;
  }
}

/* A module from its first byte to the one behind it. */
static void add_module(uint64_t start, uint64_t end, struct oracle_map *held)
{
  if (start < end) oracle_add(held, start, end - start, ORACLE_MODULE);
}

void oracle_multiboot1_holders(const struct oracle_memory *memory, uint64_t information,
                               struct oracle_map *held)
{
  uint64_t flags, count, list, start, end, text;

  if (!oracle_take(memory, information, 4, &flags)) return;
  oracle_add(held, information, 4, ORACLE_HELD);
  if (flags & 1 << 2 && oracle_take(memory, information + 16, 4, &text))
    add_text(memory, text, held);
  if (flags & 1 << 9 && oracle_take(memory, information + 64, 4, &text))
    add_text(memory, text, held);
  if (!(flags & 1 << 3) || !oracle_take(memory, information + 20, 4, &count) ||
      !oracle_take(memory, information + 24, 4, &list))
    return;
  if (count > MODULE_LIMIT) count = MODULE_LIMIT;
  for (; count-- > 0; list += 16) {
    if (!oracle_take(memory, list, 4, &start) || !oracle_take(memory, list + 4, 4, &end) ||
        !oracle_take(memory, list + 8, 4, &text))
      return;
    oracle_add(held, list, 12, ORACLE_HELD);
    add_module(start, end, held);
    if (start <= end) add_text(memory, text, held);
  }
}

void oracle_multiboot2_holders(const struct oracle_memory *memory, uint64_t information,
                               struct oracle_map *held)
{
  enum { MODULE = 3 };
  uint64_t size, total, end, type, start, module_end;

  if (!oracle_take(memory, information, 4, &total)) return;
  if (total > ORACLE_LIST_SIZE) total = ORACLE_LIST_SIZE;
  oracle_add(held, information, total, ORACLE_HELD);
  end = information + total;
  for (uint64_t tag = information + 8; tag + 8 <= end; tag += (size + 7) & ~7ULL) {
    if (!oracle_take(memory, tag, 4, &type) || !oracle_take(memory, tag + 4, 4, &size) ||
        type == 0 || size < 8 || size > end - tag)
      return;
    if (type == MODULE && size >= 16 && oracle_take(memory, tag + 8, 4, &start) &&
        oracle_take(memory, tag + 12, 4, &module_end))
      add_module(start, module_end, held);
  }
}

void oracle_pvh_holders(const struct oracle_memory *memory, uint64_t information,
                        struct oracle_map *held)
{
  uint64_t count, list, start, size, text;

  oracle_add(held, information, 4, ORACLE_HELD);
  if (oracle_take(memory, information + 24, 8, &text)) add_text(memory, text, held);
  if (!oracle_take(memory, information + 12, 4, &count) ||
      !oracle_take(memory, information + 16, 8, &list))
    return;
  if (count > MODULE_LIMIT) count = MODULE_LIMIT;
  for (; count-- > 0; list += 32) {
    if (list > UINT64_MAX - 32 || !oracle_take(memory, list, 8, &start) ||
        !oracle_take(memory, list + 8, 8, &size) || !oracle_take(memory, list + 16, 8, &text))
      return;
    oracle_add(held, list, 24, ORACLE_HELD);
    if (size > 0) oracle_add(held, start, size, ORACLE_MODULE);
    add_text(memory, text, held);
  }
}

void oracle_zero_page_holders(const struct oracle_memory *memory, uint64_t page,
                              struct oracle_map *held)
{
  /* Each number of 64 bits is in two halves that lie apart; it is 0 if one of them is out of reach. */
  static const uint16_t low[] = {0x218, 0x21c, 0x228}, high[] = {0xc0, 0xc4, 0xc8};
  uint64_t numbers[3] = {0}, half, other;

  oracle_add(held, page, 4096, ORACLE_HELD);
  for (int index = 0; index < 3; index++)
    if (oracle_take(memory, page + low[index], 4, &half) &&
        oracle_take(memory, page + high[index], 4, &other))
      numbers[index] = other << 32 | half;
  if (numbers[0] != 0 && numbers[1] != 0)
    oracle_add(held, numbers[0], numbers[1], ORACLE_MODULE);
  add_text(memory, numbers[2], held);
}
