/* SPDX-License-Identifier: MIT */
/* Page tables, which the kernel fills: in pages of their own, which it maps read-only. */
#if !__STDC_HOSTED__ && (defined(__i386__) || defined(__x86_64__))

  .section .page_tables, "aw", @nobits
  .balign 4096
#if defined(__x86_64__)
  .globl boot_page_root, boot_directory_table
boot_page_root:
  .skip 4096
boot_directory_table:
  .skip 4096
#endif

/* What maps the first 4 GiB in large pages: 1024 of 4 MiB in one directory, or 2048 of 2 MiB in four. */
  .globl boot_page_directories, boot_page_directories_end
boot_page_directories:
#if defined(__x86_64__)
  .skip 4 * 4096
#else
  .skip 4096
#endif
boot_page_directories_end:

/* For large pages whose small ones differ.  Usable memory that ends amid a large page needs one for
 * each such end, and boards have a handful. */
  .globl boot_page_tables, boot_page_tables_end
boot_page_tables:
  .skip 16 * 4096
boot_page_tables_end:

/* Where page 0 is seen, which is not mapped at its own address. */
  .globl first_page_window
first_page_window:
  .skip 4096

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
