/* SPDX-License-Identifier: MIT */
/* The variables of bootmem.h, for a program that the package is linked into.  The archive has each
 * in a member of its own, made from its declaration, so that a kernel may define it. */
#include "bootmem.h"

unsigned long min_low_pfn;
unsigned long max_low_pfn;
unsigned long max_pfn;
unsigned long long max_possible_pfn;
int bootmem_debug;
unsigned long bootmem_default_goal;
unsigned long bootmem_cache_line_size;
