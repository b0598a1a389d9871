/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's mm/internal.h. */
void __free_pages_bootmem(struct page *page, unsigned long pfn, unsigned int order);
