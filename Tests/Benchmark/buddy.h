/* SPDX-License-Identifier: MIT */
/* A textbook buddy allocator: lists of free blocks, whose nodes lie in the pages' descriptors. */
#ifndef BUDDY_H
#define BUDDY_H

#define BUDDY_NO_PAGE (~0UL)
#define BUDDY_MAX_ORDER 10

/* Makes the pages [start, end) free; those below start are nobody's. */
void buddy_set_up(unsigned long start, unsigned long end);

unsigned long buddy_allocate(unsigned int order);
void buddy_free(unsigned long pfn, unsigned int order);

#endif
