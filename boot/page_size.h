/* SPDX-License-Identifier: MIT */
/* The size of the kernel's pages, chosen when it is built as PageFrame's is; for assembly too. */
#ifndef PAGE_SIZE_H
#define PAGE_SIZE_H

#if BOOTMEM_PAGE_SIZE_16K
#define PAGE_SHIFT 14
#elif BOOTMEM_PAGE_SIZE_64K
#define PAGE_SHIFT 16
#else
#define PAGE_SHIFT 12
#endif
#define PAGE_BYTE_COUNT (1 << PAGE_SHIFT)

#if PAGE_SHIFT != 12 && !defined(__aarch64__)
#error "the processor's own pages have 4 KiB, and so have this kernel's"
#endif

#endif
