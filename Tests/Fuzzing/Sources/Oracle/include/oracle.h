/* SPDX-License-Identifier: MIT */
/* What loaders and firmware say of memory, decoded a second time: from the public specification of
 * each format, and without a line of the readers, so that a fuzzer can compare. */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What memory is good for.  Where ranges overlap, the greater number counts. */
enum oracle_kind {
  ORACLE_USABLE,
  ORACLE_SOFT_RESERVED,
  ORACLE_ACPI_RECLAIMABLE,
  ORACLE_PERSISTENT,
  ORACLE_ACPI_NVS,
  ORACLE_RESERVED,
  ORACLE_UNUSABLE,
  ORACLE_NO_MAP,
  /* Beside those: a device tree's reservations, which do not change what the memory is. */
  ORACLE_HELD,
  /* Held as a module, or the initial ramdisk. */
  ORACLE_MODULE
};

/* All memory that there is: `size` bytes at `start`. */
struct oracle_memory {
  const uint8_t *bytes;
  uint64_t start, size;
};

/* A range of memory.  Both ends are included; an empty one says so. */
struct oracle_range {
  uint64_t first, last;
  bool is_empty;
  /* An enum oracle_kind, or for nodes of memory the node. */
  uint32_t kind;
};

/* No list of a loader's is read beyond this many bytes. */
enum { ORACLE_LIST_SIZE = 1 << 20 };

/* Ranges in the order of the input; `count` counts also those for which there is no room. */
struct oracle_map {
  struct oracle_range *ranges;
  size_t capacity, count;
};

/* ---- Used by all decoders ---- */

/* Takes `width` little-endian bytes, 8 at most; false where there is no memory. */
bool oracle_take(const struct oracle_memory *memory, uint64_t address, unsigned width,
                 uint64_t *value);
/* Adds `size` bytes at `start`, as many as there are addresses. */
void oracle_add(struct oracle_map *map, uint64_t start, uint64_t size, uint32_t kind);

/* ---- Memory maps.  Each leaves `map` empty where there is none. ---- */

/* Entries of 64-bit start, 64-bit size and 32-bit type, `stride` bytes apart. */
void oracle_e820(const struct oracle_memory *memory, uint64_t table, uint64_t count,
                 uint64_t stride, struct oracle_map *map);
void oracle_multiboot1(const struct oracle_memory *memory, uint64_t information,
                       struct oracle_map *map);
void oracle_multiboot2(const struct oracle_memory *memory, uint64_t information,
                       struct oracle_map *map);
void oracle_pvh(const struct oracle_memory *memory, uint64_t information, struct oracle_map *map);
void oracle_zero_page(const struct oracle_memory *memory, uint64_t page, struct oracle_map *map);
void oracle_efi(const struct oracle_memory *memory, uint64_t table, uint64_t size, uint64_t stride,
                bool has_boot_services, struct oracle_map *map);
void oracle_limine(const struct oracle_memory *memory, uint64_t response,
                   uint64_t direct_map_offset, struct oracle_map *map);

/* ---- What else these loaders leave, of a hand-over with a map: structures and texts, and modules in
 * their order. ---- */

void oracle_multiboot1_holders(const struct oracle_memory *memory, uint64_t information,
                               struct oracle_map *held);
void oracle_multiboot2_holders(const struct oracle_memory *memory, uint64_t information,
                               struct oracle_map *held);
void oracle_pvh_holders(const struct oracle_memory *memory, uint64_t information,
                        struct oracle_map *held);
void oracle_zero_page_holders(const struct oracle_memory *memory, uint64_t page,
                              struct oracle_map *held);

/* ---- Nodes ---- */

/* The enabled memory of ACPI's SRAT, which `root_pointer` leads to; kinds are nodes. */
void oracle_srat(const struct oracle_memory *memory, uint64_t root_pointer,
                 struct oracle_map *map);
/* Makes the checksums right of all tables that `root_pointer` leads to, as far as they lie in
 * memory: a fuzzer does not find them. */
void oracle_correct_checksums(uint8_t *bytes, uint64_t start, uint64_t size,
                              uint64_t root_pointer);

/* ---- Device trees ---- */

/* What came of a tree. */
enum oracle_tree_result {
  ORACLE_TREE_READ,
  /* It is damaged. */
  ORACLE_TREE_REFUSED,
  /* There is no libfdt, or it asks for more than a reader has to. */
  ORACLE_TREE_UNKNOWN
};

/* Memory, what must not be mapped, and what is reserved; a crashed kernel's header with it. */
enum oracle_tree_result oracle_tree(const void *tree, size_t size, struct oracle_map *map);

/* The ranges to choose from of which there is room for the addresses. */
enum { ORACLE_WINDOW_CAPACITY = 8 };

/* A reservation without a place. */
struct oracle_request {
  uint64_t size, alignment;
  bool is_unmapped, is_anywhere;
  /* Those that are not empty, in the tree's order; the first with room counts. */
  size_t window_count;
  uint64_t first[ORACLE_WINDOW_CAPACITY], last[ORACLE_WINDOW_CAPACITY];
};

/* The number of reservations without a place, in the tree's order, of a tree that `oracle_tree` has read. */
size_t oracle_requests(const void *tree, size_t size, struct oracle_request *requests,
                       size_t capacity);

#endif
