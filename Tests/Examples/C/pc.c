/* SPDX-License-Identifier: MIT */
/* The machine with a Multiboot 1 loader: i386 and x86_64 (Multiboot Specification 0.6.96, 3.3). */
#include "kernel.h"

struct multiboot_info {
  uint32_t flags, lower, upper, boot_device, command_line, module_count, modules, symbols[4];
  uint32_t map_size, map;
};
struct map_entry {
  uint32_t size; /* of what follows */
  uint64_t start, length;
  uint32_t type; /* 1: usable */
} __attribute__((packed));

static void out8(uint16_t port, uint8_t value)
{
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void machine_put(char character) { out8(0x3f8, (uint8_t)character); }

void machine_leave(int success)
{
  for (;;) out8(0xf4, success ? 16 : 17); /* QEMU's isa-debug-exit ends with 2 * code + 1 */
}

/* The loader's map is copied, so that where it lies need not be kept.  Page 0 is left out (NULL), and
 * so is what 32 bits do not reach, which on 64 start.S has not mapped. */
__attribute__((noreturn)) void machine_main(uint32_t magic, const struct multiboot_info *info)
{
  static struct range usable[64];
  const uint64_t first = BOOTMEM_PAGE_SIZE, limit = 0xfffff000;
  uintptr_t at = info->map;
  unsigned count = 0;

  CHECK(magic == 0x2badb002 && info->flags & 1 << 6);
  while (at < info->map + info->map_size) {
    const struct map_entry *entry = (const void *)at;
    uint64_t start = entry->start, end = start + entry->length;

    if (start < first) start = first;
    if (end > limit) end = limit;
    if (entry->type == 1 && start < end) {
      CHECK(count < sizeof usable / sizeof *usable);
      usable[count++] = (struct range){start, end};
    }
    at += entry->size + sizeof entry->size;
  }
  kernel_start(usable, count);
}
