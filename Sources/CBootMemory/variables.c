/* Linux's variables.  The archive has each in a member of its own, so that a kernel may define it:
 * it is compiled once for each name, with BOOTMEM_ONLY_<name>; without, all are here. */
#include "bootmem.h"

#if defined(BOOTMEM_ONLY_min_low_pfn) || !defined(BOOTMEM_ONLY)
unsigned long min_low_pfn;
#endif
#if defined(BOOTMEM_ONLY_max_low_pfn) || !defined(BOOTMEM_ONLY)
unsigned long max_low_pfn;
#endif
#if defined(BOOTMEM_ONLY_max_pfn) || !defined(BOOTMEM_ONLY)
unsigned long max_pfn;
#endif
#if defined(BOOTMEM_ONLY_max_possible_pfn) || !defined(BOOTMEM_ONLY)
unsigned long long max_possible_pfn;
#endif
#if defined(BOOTMEM_ONLY_bootmem_debug) || !defined(BOOTMEM_ONLY)
int bootmem_debug;
#endif
#if defined(BOOTMEM_ONLY_bootmem_default_goal) || !defined(BOOTMEM_ONLY)
unsigned long bootmem_default_goal;
#endif
#if defined(BOOTMEM_ONLY_bootmem_cache_line_size) || !defined(BOOTMEM_ONLY)
unsigned long bootmem_cache_line_size;
#endif
