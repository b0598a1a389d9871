/* SPDX-License-Identifier: MIT */
/* Damages what a loader left, so that a test sees what the kernel makes of it.  The word `tamper=NAME`
 * on the command line names the damage.  Part of no kernel: an image of its own, which holds the
 * kernel's, is entered in its place by Multiboot 1, and enters the kernel then. */
#include <stddef.h>
#include <stdint.h>

struct registers {
  uint32_t eax, ebx;
};

/* Multiboot Specification 0.6.96, section 3.3. */
struct multiboot_information {
  uint32_t flags, lower, upper, boot_device, command_line, module_count, modules;
  uint32_t symbols[4], map_byte_count, map;
};

enum { FLAG_MODULES = 1 << 3, FLAG_MAP = 1 << 6 };

struct module {
  uint32_t start, end, text, reserved;
};

struct map_entry {
  uint32_t size;
  uint64_t start, byte_count;
  uint32_t type;
} __attribute__((packed));

/* Xen's public header arch-x86/hvm/start_info.h. */
#define PVH_MAGIC 0x336ec578
struct pvh_module {
  uint64_t start, byte_count, text, reserved;
};

struct pvh_map_entry {
  uint64_t start, byte_count;
  uint32_t type, reserved;
};

struct pvh_information {
  uint32_t magic, version, flags, module_count;
  uint64_t modules, command_line, root_pointer, map;
  uint32_t map_count, reserved;
};

/* Multiboot 2 Specification 2.0, section 3.6. */
#define MULTIBOOT2_MAGIC 0x36d76289
enum { TAG_END = 0, TAG_COMMAND_LINE = 1, TAG_MODULE = 3, TAG_MAP = 6 };

struct tag {
  uint32_t type, byte_count;
};

/* ACPI specification 6.5, sections 5.2.5 to 5.2.8 and 5.2.16. */
struct root_pointer {
  char signature[8];
  uint8_t checksum;
  char maker[6];
  uint8_t revision;
  uint32_t root_table;
} __attribute__((packed));

struct table_header {
  char signature[4];
  uint32_t byte_count;
  uint8_t revision, checksum;
  char rest[26];
} __attribute__((packed));

struct memory_affinity {
  uint8_t type, byte_count;
  uint32_t domain;
  uint16_t reserved0;
  uint64_t start, memory_byte_count;
  uint32_t reserved1, flags;
  uint64_t reserved2;
} __attribute__((packed));

extern char kernel_image_start[], kernel_image_end[];
extern const uint16_t extended_area_segment[]; /* where the BIOS says it */

static struct module modules[1024];
static struct map_entry map[43690];
static struct pvh_information pvh;
static struct pvh_module pvh_modules[1];
static struct pvh_map_entry pvh_map[64];

/* Each tag begins on a border of 8 bytes. */
static struct {
  uint32_t byte_count, reserved;
  struct {
    struct tag tag;
    char text[56];
  } command_line;
  struct {
    struct tag tag;
    uint32_t start, end;
    char text[8];
  } module;
  struct {
    struct tag tag;
    uint32_t entry_byte_count, entry_version;
    struct pvh_map_entry entries[64];
  } map;
  struct tag end;
} __attribute__((aligned(8))) multiboot2;

static struct {
  struct table_header header;
  uint32_t tables[1];
} __attribute__((packed)) root_table;

static struct {
  struct table_header header;
  char reserved[12];
  struct memory_affinity entries[200];
} __attribute__((packed)) affinity_table;

void *memcpy(void *to, const void *from, size_t count) {
  for (size_t i = 0; i < count; i++) ((char *)to)[i] = ((const char *)from)[i];
  return to;
}

static uint32_t address(const void *pointer) { return (uint32_t)(uintptr_t)pointer; }

static void set_modules(struct multiboot_information *information, uint32_t count) {
  information->flags |= FLAG_MODULES;
  information->module_count = count;
  information->modules = address(modules);
}

/* One module that reaches from start to end. */
static void set_module(struct multiboot_information *information, uint32_t start, uint32_t end) {
  modules[0] = (struct module){start, end, 0, 0};
  set_modules(information, 1);
}

static uint8_t checksum(const void *bytes, size_t count) {
  uint8_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += ((const uint8_t *)bytes)[i];
  return -sum;
}

/* Two nodes that take turns, a hundred times each, in stretches of 64 KiB from 16 MiB on. */
static void set_affinities(void) {
  /* The firmware's extended data area, which the kernel searches first. */
  struct root_pointer *root = (struct root_pointer *)(uintptr_t)(*extended_area_segment << 4);
  for (uint32_t i = 0; i < 200; i++)
    affinity_table.entries[i] = (struct memory_affinity){
        .type = 1, .byte_count = sizeof(struct memory_affinity), .domain = i % 2,
        .start = 0x1000000 + i * 0x10000, .memory_byte_count = 0x10000, .flags = 1};
  affinity_table.header = (struct table_header){"SRAT", sizeof affinity_table, 3, 0, ""};
  affinity_table.header.checksum = checksum(&affinity_table, sizeof affinity_table);
  root_table.header = (struct table_header){"RSDT", sizeof root_table, 1, 0, ""};
  root_table.tables[0] = address(&affinity_table);
  root_table.header.checksum = checksum(&root_table, sizeof root_table);
  memcpy(root, &(struct root_pointer){"RSD PTR ", 0, "tamper", 0, address(&root_table)},
         sizeof *root);
  root->checksum = checksum(root, sizeof *root);
}

/* Copies the map to entries as PVH and Multiboot 2 have them; returns their number. */
static uint32_t copy_map(struct pvh_map_entry *to,
                         const struct multiboot_information *information) {
  uint32_t count = 0;
  for (uint32_t offset = 0; offset < information->map_byte_count && count < 64; count++) {
    const struct map_entry *entry = (const void *)(uintptr_t)(information->map + offset);
    to[count] = (struct pvh_map_entry){entry->start, entry->byte_count, entry->type, 0};
    offset += entry->size + 4;
  }
  return count;
}

/* By Multiboot 2, with a module over the kernel's first page. */
static void use_multiboot2(struct registers *registers,
                           const struct multiboot_information *information) {
  const char *text = (const char *)(uintptr_t)information->command_line;
  multiboot2.byte_count = sizeof multiboot2;
  multiboot2.command_line.tag = (struct tag){TAG_COMMAND_LINE, sizeof multiboot2.command_line};
  for (uint32_t i = 0; i + 1 < sizeof multiboot2.command_line.text && text[i]; i++)
    multiboot2.command_line.text[i] = text[i];
  multiboot2.module.tag = (struct tag){TAG_MODULE, sizeof multiboot2.module};
  multiboot2.module.start = address(kernel_image_start);
  multiboot2.module.end = address(kernel_image_start) + 0x1000;
  uint32_t count = copy_map(multiboot2.map.entries, information);
  multiboot2.map.tag = (struct tag){TAG_MAP, sizeof multiboot2.map};
  multiboot2.map.entry_byte_count = sizeof(struct pvh_map_entry);
  /* What is left of the entries is nothing, of a kind that nobody knows. */
  for (; count < 64; count++) multiboot2.map.entries[count].type = 0;
  multiboot2.end = (struct tag){TAG_END, sizeof(struct tag)};
  registers->eax = MULTIBOOT2_MAGIC;
  registers->ebx = address(&multiboot2);
}

/* By PVH, with a module of half the address space. */
static void use_pvh(struct registers *registers, const struct multiboot_information *information) {
  uint32_t count = copy_map(pvh_map, information);
  pvh_modules[0] = (struct pvh_module){0x1000000, (uint64_t)1 << 63, 0, 0};
  pvh = (struct pvh_information){
      PVH_MAGIC, 1, 0, 1, address(pvh_modules), information->command_line, 0, address(pvh_map),
      count, 0};
  registers->eax = PVH_MAGIC;
  registers->ebx = address(&pvh);
}

/* Whether the command line has the word tamper=NAME. */
static int wants(const struct multiboot_information *information, const char *name) {
  const char *key = "tamper=";
  for (const char *c = (const char *)(uintptr_t)information->command_line; *c; c++) {
    size_t i = 0, j = 0;
    while (key[i] && c[i] == key[i]) i++;
    if (key[i]) continue;
    while (name[j] && c[i + j] == name[j]) j++;
    if (name[j] == 0 && (c[i + j] == 0 || c[i + j] == ' ')) return 1;
  }
  return 0;
}

/* The last bytes of all addresses, where no machine has memory that can be written. */
#define NOWHERE 0xfffffff0

static void set_map(struct multiboot_information *information, uint32_t byte_count) {
  information->flags |= FLAG_MAP;
  information->map = address(map);
  information->map_byte_count = byte_count;
}

static void tamper_with_map(struct multiboot_information *information) {
  if (wants(information, "map-of-0")) information->map_byte_count = 0;
  if (wants(information, "map-of-4-gib")) information->map_byte_count = UINT32_MAX;
  if (wants(information, "map-nowhere")) information->map = NOWHERE;
  if (wants(information, "entries-of-0")) {
    /* The size that leads to the next entry. */
    map[0] = (struct map_entry){0, 0x1000000, 0x1000000, 1};
    set_map(information, sizeof map);
  }
  if (wants(information, "ranges-of-0")) {
    for (uint32_t i = 0; i < 8; i++) map[i] = (struct map_entry){20, i << 24, 0, 1};
    set_map(information, 8 * sizeof *map);
  }
  if (wants(information, "range-of-everything")) {
    map[0] = (struct map_entry){20, 0, UINT64_MAX, 1};
    set_map(information, sizeof *map);
  }
  if (wants(information, "range-nowhere")) {
    map[0] = (struct map_entry){20, 0x40000000, 0x40000000, 1};
    set_map(information, sizeof *map);
  }
  if (wants(information, "kernel-reserved")) {
    uint32_t start = address(kernel_image_start);
    map[0] = (struct map_entry){20, 0, 0x9f000, 1};
    map[1] = (struct map_entry){20, 0x100000, 0x3f00000, 1};
    map[2] = (struct map_entry){20, start, address(kernel_image_end) - start, 2};
    set_map(information, 3 * sizeof *map);
  }
}

/* Another length of the table of nodes; its checksum is no longer right, if it can be had at all. */
static void change_affinities(uint32_t byte_count) {
  affinity_table.header.byte_count = byte_count;
}

static void tamper_by_multiboot2(struct registers *registers,
                                 const struct multiboot_information *information) {
  if (!wants(information, "multiboot2") && !wants(information, "multiboot2-of-0") &&
      !wants(information, "multiboot2-of-4-gib") && !wants(information, "tag-of-0") &&
      !wants(information, "tag-of-4-gib") && !wants(information, "tag-entries-of-0"))
    return;
  use_multiboot2(registers, information);
  if (wants(information, "multiboot2-of-0")) multiboot2.byte_count = 0;
  if (wants(information, "multiboot2-of-4-gib")) multiboot2.byte_count = UINT32_MAX;
  if (wants(information, "tag-of-0")) multiboot2.map.tag.byte_count = 0;
  if (wants(information, "tag-of-4-gib")) multiboot2.map.tag.byte_count = UINT32_MAX;
  if (wants(information, "tag-entries-of-0")) multiboot2.map.entry_byte_count = 0;
}

void tamper(struct registers *registers) {
  struct multiboot_information *information = (void *)(uintptr_t)registers->ebx;
  uint32_t image_start = address(kernel_image_start), image_end = address(kernel_image_end);
  if (wants(information, "module-over-kernel")) set_module(information, image_start, image_end);
  if (wants(information, "module-at-0")) set_module(information, 0, 0x3000);
  if (wants(information, "module-in-rom")) set_module(information, 0xe0000, 0x100000);
  if (wants(information, "module-beyond-memory")) set_module(information, 0xa0000000, 0xe0000000);
  if (wants(information, "modules-alike")) {
    /* Each one a GiB, of which the machine has less. */
    for (uint32_t i = 0; i < 480; i++) modules[i] = (struct module){0x1000000, 0x41000000, 0, 0};
    set_modules(information, 480);
  }
  if (wants(information, "modules-overlapping")) {
    modules[0] = (struct module){0x2000000, 0x2100000, 0, 0};
    modules[1] = (struct module){0x2080000, 0x2180000, 0, 0};
    set_modules(information, 2);
  }
  if (wants(information, "modules-reversed")) {
    for (uint32_t i = 0; i < 1024; i++) modules[i] = (struct module){i + 1, i, 0, 0};
    set_modules(information, 1024);
  }
  if (wants(information, "map-of-defects")) {
    for (uint32_t i = 0; i < sizeof map / sizeof *map; i++)
      map[i] = (struct map_entry){20, UINT64_MAX - 1, 4, 2};
    map[0] = (struct map_entry){20, 0x1000000, 0x1000000, 1};
    information->flags |= FLAG_MAP;
    information->map = address(map);
    information->map_byte_count = sizeof map;
  }
  tamper_with_map(information);
  if (wants(information, "module-of-0")) set_module(information, 0x1800000, 0x1800000);
  if (wants(information, "module-of-4-gib")) set_module(information, 1, UINT32_MAX);
  if (wants(information, "modules-without-end")) set_modules(information, UINT32_MAX);
  if (wants(information, "modules-nowhere")) {
    set_modules(information, 3);
    information->modules = NOWHERE;
  }
  if (wants(information, "stretches")) set_affinities();
  if (wants(information, "nodes-of-0")) {
    set_affinities();
    change_affinities(0);
  }
  if (wants(information, "nodes-of-4-gib")) {
    set_affinities();
    change_affinities(UINT32_MAX);
  }
  if (wants(information, "pvh")) use_pvh(registers, information);
  if (wants(information, "pvh-nowhere")) {
    use_pvh(registers, information);
    pvh.map = (uint64_t)1 << 40;
  }
  if (wants(information, "pvh-without-end")) {
    use_pvh(registers, information);
    pvh.map_count = UINT32_MAX;
    pvh.module_count = UINT32_MAX;
  }
  tamper_by_multiboot2(registers, information);
  if (wants(information, "magic")) registers->eax = 0x12345678;
  if (wants(information, "information-nowhere")) registers->ebx = NOWHERE;
  if (wants(information, "information-at-0")) registers->ebx = 0;
  /* Last, as there is nothing to read then. */
  if (wants(information, "command-line-nowhere")) information->command_line = UINT32_MAX;
}
