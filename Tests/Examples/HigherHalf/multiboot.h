/* What a Multiboot 1 loader hands over (Multiboot Specification 0.6.96, section 3.3). */
#ifndef MULTIBOOT_H
#define MULTIBOOT_H

#include <stdint.h>

struct multiboot_info {
  uint32_t flags, lower, upper, boot_device, command_line, module_count, modules, symbols[4];
  uint32_t map_size, map;
};

struct map_entry {
  uint32_t size; /* of what follows */
  uint64_t start, length;
  uint32_t type; /* 1: usable */
} __attribute__((packed));

static inline const struct map_entry *next(const struct map_entry *entry)
{
  return (const void *)((const char *)entry + entry->size + sizeof entry->size);
}

/* The end of a usable range as far as it lies below `reach`; 0 if none of it does. */
static inline uint64_t usable_end(const struct map_entry *entry, uint64_t reach)
{
  if (entry->type != 1 || entry->start >= reach) return 0;
  return entry->length < reach - entry->start ? entry->start + entry->length : reach;
}

#endif
