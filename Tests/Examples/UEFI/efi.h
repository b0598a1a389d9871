/* SPDX-License-Identifier: MIT */
/* What this kernel calls of UEFI (UEFI Specification 2.10, chapters 4, 7 and 9).  Services that it does
 * not call are pointers without a type. */
#ifndef EFI_H
#define EFI_H

#include <stdint.h>

typedef uint64_t efi_status; /* 0: success */
typedef void *efi_handle;

struct efi_table_header {
  uint64_t signature;
  uint32_t revision, header_size, crc32, reserved;
};

struct efi_boot_services {
  struct efi_table_header header;
  void *task_priority[2];
  void *pages[2];
  efi_status (*get_memory_map)(uint64_t *byte_count, void *map, uint64_t *key,
    uint64_t *descriptor_byte_count, uint32_t *descriptor_version);
  void *pool[2], *events[6], *protocols[9], *images[4];
  efi_status (*exit_boot_services)(efi_handle image, uint64_t map_key);
};

struct efi_system_table {
  struct efi_table_header header;
  void *vendor;
  uint32_t revision;
  void *console[6], *runtime_services;
  struct efi_boot_services *boot_services;
};

#endif
