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

/* Addresses are physical, and have to be mapped.  The loader's map is copied, so that where it lies
 * need not be kept.  Page 0 is left out, and what the direct map will not reach. */
__attribute__((noreturn)) void machine_main(uint32_t magic, uint32_t address)
{
  static struct range usable[64];
  const struct multiboot_info *info = (const void *)(OFFSET + address);
  unsigned long at, map_end;
  unsigned count = 0;

  CHECK(magic == 0x2badb002 && address < MAPPED_AT_FIRST - sizeof *info);
  CHECK(info->flags & 1 << 6 && info->map_size < MAPPED_AT_FIRST
    && info->map < MAPPED_AT_FIRST - info->map_size);
  at = OFFSET + info->map;
  map_end = at + info->map_size;
  while (at < map_end) {
    const struct map_entry *entry = (const void *)at;
    uint64_t start = entry->start, end = start + entry->length;

    if (start < BOOTMEM_PAGE_SIZE) start = BOOTMEM_PAGE_SIZE;
    if (end > REACH) end = REACH;
    if (entry->type == 1 && start < end) {
      CHECK(count < sizeof usable / sizeof *usable);
      usable[count++] = (struct range){start, end};
    }
    at += entry->size + sizeof entry->size;
  }
  kernel_start(usable, count);
}
