/* SPDX-License-Identifier: MIT */
/* What Memory.swift sees of C. */
#include "bootmem_heap.h"

extern char _stack_top[]; /* the end of image and stack, of linker.ld */
static inline unsigned long magios_image_end(void) { return (unsigned long)_stack_top; }
