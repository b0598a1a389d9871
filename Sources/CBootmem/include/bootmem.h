/* SPDX-License-Identifier: MIT */
/* Linux's boot-memory allocator, bootmem, for C kernels.
 *
 * Call bootmem_setup() first, register each node, free the usable ranges, reserve what lies in
 * them already, allocate, and hand the rest over to the page allocator:
 *
 *     bootmem_setup(&platform);
 *     init_bootmem(map_pfn, end_pfn);              every page of node 0 is reserved
 *     free_bootmem(usable_start, usable_size);     per usable range of the firmware's map
 *     reserve_bootmem(image_start, image_size, BOOTMEM_DEFAULT);        likewise the bitmap
 *     p = alloc_bootmem(size);                     zeroed
 *     free_all_bootmem();                          calls platform.release_pages
 *
 * Free first: a free undoes what was reserved in its range before.
 *
 * MEMORY THAT IS ALLOCATED MUST BE MAPPED, at its physical address + platform.direct_map_offset,
 * since it is zeroed there; so must the bitmap, which is written when its node is registered.
 * While only part of memory is mapped, as at first in the upper half, put the bitmap there, and
 * say how much is mapped:
 *
 *     bootmem_set_mapped_end(4UL << 20);           every allocation stays below
 *     p = alloc_bootmem_pages(BOOTMEM_PAGE_SIZE);  page tables for the direct map
 *     bootmem_set_mapped_end(0);                   when all that was registered is mapped
 *
 * Register no page that the direct map will not cover.
 *
 * Names, signatures and results are those of Linux 4.19's mm/bootmem.c, address for address,
 * with its known defects corrected.  (The bitmap is up to 8 % and two pages larger than Linux's, so
 * what a kernel reserves for it, and what comes after it, differ by that.)  Sizes and addresses
 * are in bytes, addresses are physical unless they are pointers, a page has BOOTMEM_PAGE_SIZE
 * bytes, 4096 except in a library built with --page-size, and a PFN is the number of a page counted
 * from address 0.
 *
 * Misuse: where Linux has BUG(), platform.fault is called with BOOTMEM_FAULT_MISUSE and a
 * message that names the call, its arguments and the page or value that is wrong.  Nothing has
 * changed then.  fault must not return, but may leave by longjmp(); the library remains usable.  If
 * it does return, the call returns what is given below as "otherwise" (NULL, 0, -EINVAL or
 * nothing).
 *
 * Before bootmem_setup() there is no fault to call: every function then does nothing and returns
 * its "otherwise" value.  bootmem_node() works at any time, bootmem_bootmap_pages() too.
 *
 * Calls must not overlap in time.  None may be made from a callback, except after a longjmp().
 *
 * Define before including this header, if need be: BOOTMEM_NO_MEMBLOCK to leave out memblock's
 * names; BOOTMEM_NO_MACROS to leave out these and all other macros with Linux's names.  A kernel
 * that keeps its own <linux/bootmem.h> cannot include this header beside it, since both declare the
 * same functions: give it a library whose functions, variables and structures have other names,
 *
 *     scripts/build-library i386 --prefix lib_
 *     gcc -DBOOTMEM_NO_MACROS -I build/lib_/include ...          lib_init_bootmem(), lib_pg_data_t
 */
#ifndef BOOTMEM_H
#define BOOTMEM_H

/* The compiler's size_t.  No header is included for it: the kernel's own may be in the way. */
#ifndef BOOTMEM_SIZE_T
#define BOOTMEM_SIZE_T __SIZE_TYPE__
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* On i386 every call is plain cdecl, whatever -mregparm or -mrtd says about the kernel's own.
 * Put this before the names of your callbacks too:
 * `static void BOOTMEM_CALL fault(void *context, ...)`.  A kernel that is compiled with either must
 * have its own memset, memcpy, memmove and memcmp: the archive's are cdecl too, and calls that the
 * compiler inserts would link with them without a warning. */
#if defined(__i386__)
#define BOOTMEM_CALL __attribute__((cdecl, regparm(0)))
#else
#define BOOTMEM_CALL
#endif

/* log2 of the size of a page in bytes. */
#define BOOTMEM_PAGE_SHIFT 12

/* The size of a page in bytes. */
#define BOOTMEM_PAGE_SIZE (1UL << BOOTMEM_PAGE_SHIFT)

/* Nodes are numbered from 0 up to, not including, this. */
#define BOOTMEM_MAX_NODES 64

/* A memory node.  Its storage belongs to the library; see bootmem_node(). */
typedef struct pglist_data pg_data_t;

/* ---- Set-up ---- */

/* Why fault is called. */
enum {
  BOOTMEM_FAULT_OUT_OF_MEMORY = 1, /* an allocation failed that must not; nothing has changed */
  BOOTMEM_FAULT_MISUSE = 2         /* the call was wrong; nothing has changed */
};

/* What the library has to know about the kernel.  Fields that are not set must be 0. */
struct bootmem_platform {
  /* sizeof(struct bootmem_platform).  A later version may have more fields at the end: a library
   * accepts its own size and those of earlier versions, whose missing fields count as 0. */
  BOOTMEM_SIZE_T size;

  /* Handed to every callback; may be NULL. */
  void *context;

  /* A pointer is a physical address plus this (wrapping around); a multiple of BOOTMEM_PAGE_SIZE, 0
   * for an identity map. */
  unsigned long direct_map_offset;

  /* SMP_CACHE_BYTES: the alignment, in bytes, where none is given; a power of two.  0: 64. */
  unsigned long cache_line_size;

  /* __pa(MAX_DMA_ADDRESS): the goal of the macros that are not low; on a PC 0x1000000, so that
   * the memory below is left for old devices.  0: no goal. */
  unsigned long max_dma_address;

  /* ARCH_LOW_ADDRESS_LIMIT: the limit of the low variants; on a PC 0xffffffff.  0: no limit. */
  unsigned long low_address_limit;

  /* MAX_DMA32_PFN: where the memory begins that no 32-bit device reaches; on a 64-bit PC 0x100000.
   * 0: __alloc_bootmem_node_high() is __alloc_bootmem_node(). */
  unsigned long max_dma32_pfn;

  /* The largest block at hand-over has 2^max_order pages; below 64 - BOOTMEM_PAGE_SHIFT.  Linux: 10. */
  unsigned int max_order;

  /* Takes messages, `length` characters each, the last of which is a line feed; NULL: none. */
  void (*write)(void *context, const char *text, BOOTMEM_SIZE_T length) BOOTMEM_CALL;

  /* Takes an error after which the kernel must not continue: one of BOOTMEM_FAULT_, and a message
   * without a line feed that is valid during the call.  Never returns.  Required. */
  void (*fault)(void *context, int code, const char *message) BOOTMEM_CALL;

  /* Zeroes allocated memory; NULL: the library does that itself. */
  void (*clear)(void *context, void *start, BOOTMEM_SIZE_T length) BOOTMEM_CALL;

  /* Takes 2^order free pages at hand-over, the first with a PFN divisible by 2^order; `nid` is the
   * node of the pages or, for pages of a bitmap, of the bitmap.  It may write to the pages.
   * NULL: the hand-over only counts. */
  void (*release_pages)(void *context, unsigned long pfn, unsigned int order, int nid) BOOTMEM_CALL;

  /* Serves allocations after the hand-over, with zeroed memory or NULL (Linux: kzalloc_node);
   * nid -1: any node.  `align` is a power of two.  NULL: they fail. */
  void *(*late_allocate)(void *context, BOOTMEM_SIZE_T size, BOOTMEM_SIZE_T align, int nid)
      BOOTMEM_CALL;

  /* The number of a node, for kernels with nodes of their own (&contig_page_data, say): gets every
   * pg_data_t pointer that is neither NULL nor from bootmem_node(), and must not call the library
   * with it.  A result outside 0..BOOTMEM_MAX_NODES-1 is misuse.  NULL: every such pointer is.
   * Not in the first version of this struct, which ends above. */
  int (*node_number)(void *context, const pg_data_t *pgdat) BOOTMEM_CALL;
};

/* Takes a copy of `platform`, and forgets all nodes, a hand-over and the end of what is mapped; the
 * pfn variables below keep their values.  May be called again.  Returns 0; or -EINVAL (-22), with
 * nothing changed, for a NULL platform, a size that no version has, no fault, a cache line that is
 * not a power of two, or a max_order of 64 - BOOTMEM_PAGE_SHIFT or more. */
BOOTMEM_CALL int bootmem_setup(const struct bootmem_platform *platform);

/* From now on every allocation, whatever it asks for, lies below the physical address `end`,
 * rounded down to a page, as if that were its limit; 0: no longer.  For use while memory from there
 * on is not mapped; see the top.  May be called whenever more is mapped; nothing is forgotten.  An
 * allocation that finds no memory below fails as out of memory.  Ignored before bootmem_setup().
 * After the hand-over bootmem allocates nothing; but what bootmem_heap.h takes of the kept pages still
 * lies below `end`.  bootmem_pages_allocate() and its kin have a limit of their own.  Not in Linux. */
BOOTMEM_CALL void bootmem_set_mapped_end(unsigned long end);

/* Linux's NODE_DATA(nid): the node with this number, registered or not; NULL outside
 * 0..BOOTMEM_MAX_NODES-1. */
BOOTMEM_CALL pg_data_t *bootmem_node(int nid);

#ifndef BOOTMEM_NO_MACROS
/* Linux's name for bootmem_node(). */
#ifndef NODE_DATA
#define NODE_DATA(nid) bootmem_node(nid)
#endif

/* No particular node: any will do. */
#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE (-1)
#endif
#endif

/* The limits of memory, for the kernel's own use, as in Linux; nothing here reads any. */

/* The lowest page that is not in use: init_bootmem() sets it to the bitmap's first. */
extern unsigned long min_low_pfn;

/* The page after the last that the kernel can reach directly: init_bootmem() sets it to `pages`. */
extern unsigned long max_low_pfn;

/* The page after the last that there is; the kernel sets it. */
extern unsigned long max_pfn;

/* The page after the last that there can be, including hot-plugged memory; the kernel sets it. */
extern unsigned long long max_possible_pfn;

/* Linux's boot parameter bootmem_debug: while not 0, each operation on a node is written to
 * platform.write, as the lines that Linux prints for it. */
extern int bootmem_debug;

/* ---- Nodes ---- */

/* The number of pages that the bitmap of a node of `pages` pages takes, with all its levels: up to
 * 8 % and 2 pages more than Linux's.  More than 2^(64 - BOOTMEM_PAGE_SHIFT) pages, or on i386
 * 2^32 - 65, are misuse; otherwise 0. */
BOOTMEM_CALL unsigned long bootmem_bootmap_pages(unsigned long pages);

/* The same in bytes, as a constant expression for a static array; what init_bootmem_node() returns:
 *
 *     static unsigned long map[BOOTMEM_BITMAP_BYTES(0x8000) / sizeof(long)];
 *
 * It sums up the levels of the bitmap, in words: one for each word's worth of pages, two for each
 * word's worth of these, and four for each of the next, as long as there is more than one word's
 * worth; four for the root; and one for the place of each level. */
#define BOOTMEM_BITMAP_BYTES(pages)                                                          \
  (__SIZEOF_LONG__ * (BOOTMEM_LAST_GROUP_(pages, 1) + 2 * BOOTMEM_LAST_GROUP_(pages, 2) + 10 \
    + BOOTMEM_LEVEL_(pages, 3) + BOOTMEM_LEVEL_(pages, 4) + BOOTMEM_LEVEL_(pages, 5)         \
    + BOOTMEM_LEVEL_(pages, 6) + BOOTMEM_LEVEL_(pages, 7) + BOOTMEM_LEVEL_(pages, 8)))
#define BOOTMEM_LEVEL_(pages, power) \
  (BOOTMEM_LAST_GROUP_(pages, power) == 0 ? 0 : 4 * BOOTMEM_LAST_GROUP_(pages, power) + 5)
/* The number of the last page divided by this power of a word's bits; a node may begin at any page
 * of the first word.  It is 0 where the shift would be as wide as the word. */
#define BOOTMEM_LAST_GROUP_(pages, power)                                          \
  ((power) * BOOTMEM_WORD_SHIFT_ >= 8 * __SIZEOF_LONG__ ? 0                        \
    : ((pages) + 8UL * __SIZEOF_LONG__ - 2) >> (power) * BOOTMEM_WORD_SHIFT_       \
      % (8 * __SIZEOF_LONG__))
#define BOOTMEM_WORD_SHIFT_ (__SIZEOF_LONG__ == 8 ? 6 : 5)

/* Registers a node of the pages [startpfn, endpfn), all reserved, with its bitmap in the physical
 * pages from `mapfn` on.  These need not lie in the node; if they lie in any node, reserve them.
 * The hand-over releases them.  Returns the size of the bitmap in bytes.
 *
 * Misuse: `pgdat` NULL, not from bootmem_node(), or registered already; endpfn below startpfn; a
 * span that overlaps another node's, or a bitmap another bitmap; either beyond the address space;
 * after the hand-over.  Otherwise 0. */
BOOTMEM_CALL unsigned long init_bootmem_node(pg_data_t *pgdat, unsigned long mapfn,
    unsigned long startpfn, unsigned long endpfn);

/* Registers node 0 with the pages [0, pages), and sets min_low_pfn = mapfn, max_low_pfn = pages. */
BOOTMEM_CALL unsigned long init_bootmem(unsigned long mapfn, unsigned long pages);

/* init_bootmem_node() with the bitmap in the caller's own memory, bootmem_bootmap_pages() pages or
 * at least as many bytes as this returns, aligned for an unsigned long; a static array, for
 * instance.  It stays the caller's at the hand-over.  Not in Linux.  Misuse also: `map` NULL or not
 * aligned. */
BOOTMEM_CALL unsigned long bootmem_init_node_at(pg_data_t *pgdat, void *map, unsigned long startpfn,
    unsigned long endpfn);

/* Word `index` of a node's bitmap, as Linux has it: bit i of word w is page
 * startpfn + w * bits per long + i; 1 is reserved, and so are all bits beyond the node's end.  All
 * ones for a NULL or unknown node, for one that is not registered, and after the hand-over. */
BOOTMEM_CALL unsigned long bootmem_map_word(const pg_data_t *pgdat, unsigned long index);

/* Whether a page is reserved: 1, or 0 if it is free; -EINVAL (-22) if it lies in no node.  After
 * the hand-over every page of a node is reserved.  Not in Linux. */
BOOTMEM_CALL int bootmem_is_reserved(unsigned long pfn);

/* ---- Ranges ---- */

/* Marks a range free: its whole pages, the start rounded up and the end rounded down.  Each page
 * must be reserved and lie in the node or, if none is named, in nodes that adjoin.  A range without
 * whole pages is never misuse, wherever it lies, and changes nothing except, in a node, where the
 * next search begins, as in Linux.
 *
 * Misuse: a page that is free, or outside of the node or all nodes; a range that reaches beyond the
 * address space; a node that is NULL or not from bootmem_node().  After the hand-over a free is
 * ignored, with a message to platform.write. */
BOOTMEM_CALL void free_bootmem(unsigned long physaddr, unsigned long size);

/* free_bootmem() of a range that lies in this node. */
BOOTMEM_CALL void free_bootmem_node(pg_data_t *pgdat, unsigned long physaddr, unsigned long size);

/* For the flags of reserve_bootmem(), of which only bit 0 counts: a page may be reserved already. */
#ifndef BOOTMEM_DEFAULT
#define BOOTMEM_DEFAULT 0
#endif

/* For the flags of reserve_bootmem(): a page that is reserved already is an error. */
#ifndef BOOTMEM_EXCLUSIVE
#define BOOTMEM_EXCLUSIVE (1 << 0)
#endif

/* Marks a range reserved: every page that it touches.  Returns 0; with BOOTMEM_EXCLUSIVE -EBUSY
 * (-16), and nothing is reserved, if a page was reserved already; after the hand-over -EINVAL
 * (-22). Misuse: as for free_bootmem(), except that pages may be free; otherwise -EINVAL. */
BOOTMEM_CALL int reserve_bootmem(unsigned long addr, unsigned long size, int flags);

/* reserve_bootmem() of a range that lies in this node. */
BOOTMEM_CALL int reserve_bootmem_node(pg_data_t *pgdat, unsigned long physaddr, unsigned long size,
    int flags);

/* ---- Allocation ----
 *
 * Each returns a pointer (physical address + direct_map_offset) to `size` zeroed bytes, aligned
 * to `align`, a power of two (0: a cache line), at or above the address `goal` if possible.
 * `_low`: all below low_address_limit, rounded down to a page.  `_node`: on that node if
 * possible.
 *
 * Out of memory is a fault, and otherwise NULL; with `_nopanic` just NULL.  With an identity map
 * memory at physical 0 is NULL too: reserve page 0 there, or use bootmem_allocate().
 *
 * Misuse, with `_nopanic` too: a size of 0, an alignment that is not a power of two, a node that is
 * NULL or not from bootmem_node(); otherwise NULL.  After the hand-over platform.late_allocate
 * decides. */

/* Allocates on any node, in ascending order; out of memory is a fault. */
BOOTMEM_CALL void *__alloc_bootmem(unsigned long size, unsigned long align, unsigned long goal);

/* Allocates on any node, in ascending order; NULL if memory is short. */
BOOTMEM_CALL void *__alloc_bootmem_nopanic(unsigned long size, unsigned long align,
    unsigned long goal);

/* Allocates below low_address_limit, on any node; out of memory is a fault. */
BOOTMEM_CALL void *__alloc_bootmem_low(unsigned long size, unsigned long align,
    unsigned long goal);

/* Allocates below low_address_limit, on any node; NULL if memory is short. */
BOOTMEM_CALL void *__alloc_bootmem_low_nopanic(unsigned long size, unsigned long align,
    unsigned long goal);

/* Allocates on this node if possible, else on any; out of memory is a fault. */
BOOTMEM_CALL void *__alloc_bootmem_node(pg_data_t *pgdat, unsigned long size, unsigned long align,
    unsigned long goal);

/* Allocates on this node if possible, else on any; NULL if memory is short. */
BOOTMEM_CALL void *__alloc_bootmem_node_nopanic(pg_data_t *pgdat, unsigned long size,
    unsigned long align, unsigned long goal);

/* Allocates below low_address_limit, on this node if possible; out of memory is a fault. */
BOOTMEM_CALL void *__alloc_bootmem_low_node(pg_data_t *pgdat, unsigned long size,
    unsigned long align, unsigned long goal);

/* Like __alloc_bootmem_node(), but first at or above max_dma32_pfn, if the node reaches more than
 * 128 MiB beyond that and the goal lies below. */
BOOTMEM_CALL void *__alloc_bootmem_node_high(pg_data_t *pgdat, unsigned long size,
    unsigned long align, unsigned long goal);

/* Like __alloc_bootmem_node_nopanic(), but below `limit`, rounded down to a page; 0: no limit.
 * (Three underscores, as in Linux.) */
BOOTMEM_CALL void *___alloc_bootmem_node_nopanic(pg_data_t *pgdat, unsigned long size,
    unsigned long align, unsigned long goal, unsigned long limit);

/* The goal that the macros pass, platform.max_dma_address.  Set by bootmem_setup(), 0 before; the
 * library itself does not read it. */
extern unsigned long bootmem_default_goal;

/* The alignment that the macros pass, platform.cache_line_size or 64; otherwise like the goal. */
extern unsigned long bootmem_cache_line_size;

#ifndef BOOTMEM_NO_MACROS

/* Linux's name for the goal, __pa(MAX_DMA_ADDRESS).  Define it before including this header to make
 * it a constant. */
#ifndef BOOTMEM_LOW_LIMIT
#define BOOTMEM_LOW_LIMIT bootmem_default_goal
#endif

/* Linux's name for the alignment.  Define it before including this header to make it a constant. */
#ifndef SMP_CACHE_BYTES
#define SMP_CACHE_BYTES bootmem_cache_line_size
#endif

/* Aligned to a cache line, at or above the default goal if possible; out of memory is a fault. */
#define alloc_bootmem(x) __alloc_bootmem((x), SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)

/* The same, aligned to `align`. */
#define alloc_bootmem_align(x, align) __alloc_bootmem((x), (align), BOOTMEM_LOW_LIMIT)

/* alloc_bootmem(), but NULL if memory is short. */
#define alloc_bootmem_nopanic(x) __alloc_bootmem_nopanic((x), SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)

/* alloc_bootmem(), aligned to a page.  `x` is in bytes here too, and is not rounded up. */
#define alloc_bootmem_pages(x) __alloc_bootmem((x), BOOTMEM_PAGE_SIZE, BOOTMEM_LOW_LIMIT)

/* alloc_bootmem_pages(), but NULL if memory is short. */
#define alloc_bootmem_pages_nopanic(x) \
  __alloc_bootmem_nopanic((x), BOOTMEM_PAGE_SIZE, BOOTMEM_LOW_LIMIT)

/* alloc_bootmem(), on this node if possible. */
#define alloc_bootmem_node(pgdat, x) \
  __alloc_bootmem_node((pgdat), (x), SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)

/* alloc_bootmem_node(), but NULL if memory is short. */
#define alloc_bootmem_node_nopanic(pgdat, x) \
  __alloc_bootmem_node_nopanic((pgdat), (x), SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)

/* alloc_bootmem_pages(), on this node if possible. */
#define alloc_bootmem_pages_node(pgdat, x) \
  __alloc_bootmem_node((pgdat), (x), BOOTMEM_PAGE_SIZE, BOOTMEM_LOW_LIMIT)

/* alloc_bootmem_pages_node(), but NULL if memory is short. */
#define alloc_bootmem_pages_node_nopanic(pgdat, x) \
  __alloc_bootmem_node_nopanic((pgdat), (x), BOOTMEM_PAGE_SIZE, BOOTMEM_LOW_LIMIT)

/* Aligned to a cache line, below low_address_limit and without a goal; out of memory is a fault. */
#define alloc_bootmem_low(x) __alloc_bootmem_low((x), SMP_CACHE_BYTES, 0)

/* alloc_bootmem_low(), aligned to a page. */
#define alloc_bootmem_low_pages(x) __alloc_bootmem_low((x), BOOTMEM_PAGE_SIZE, 0)

/* alloc_bootmem_low_pages(), but NULL if memory is short. */
#define alloc_bootmem_low_pages_nopanic(x) __alloc_bootmem_low_nopanic((x), BOOTMEM_PAGE_SIZE, 0)

/* alloc_bootmem_low_pages(), on this node if possible. */
#define alloc_bootmem_low_pages_node(pgdat, x) \
  __alloc_bootmem_low_node((pgdat), (x), BOOTMEM_PAGE_SIZE, 0)

#endif /* BOOTMEM_NO_MACROS */

/* For bootmem_request.flags. */
enum {
  BOOTMEM_NO_CLEAR = 1 << 0, /* leaves the memory as it is: untouched, and it need not be mapped */
  BOOTMEM_THIS_NODE = 1 << 1 /* on no other node; needs a node */
};

/* An allocation that reports every error.  Not in Linux. */
struct bootmem_request {
  unsigned long size;  /* bytes */
  unsigned long align; /* a power of two; 0: a cache line */
  unsigned long goal;  /* at or above this address if possible; 0: anywhere */
  unsigned long limit; /* below this address, rounded down to a page; 0: no limit */
  int nid;             /* the preferred node; -1: any */
  unsigned int flags;  /* of BOOTMEM_NO_CLEAR, BOOTMEM_THIS_NODE */
};

/* Stores the physical address of the memory, which may be 0.  Returns 0; -ENOMEM
 * (-12) if there is none; -EINVAL (-22) for a NULL pointer, and for whatever is misuse above,
 * including a nid out of range, unknown flags, and BOOTMEM_THIS_NODE without a node.
 * Never a fault; an error leaves *physical as it was.  After the hand-over
 * platform.late_allocate decides, if there is no limit and neither flag; else -ENOMEM. */
BOOTMEM_CALL int bootmem_allocate(const struct bootmem_request *request, unsigned long *physical);

/* ---- Hand-over ---- */

/* Hands every free page to platform.release_pages, and the pages of the bitmaps: for each node,
 * in ascending order, its free pages as maximal naturally aligned blocks, ascending; then its
 * bitmap's.  Every page at most once.  Returns the number of pages; 0 if that was done before. */
BOOTMEM_CALL unsigned long free_all_bootmem(void);

/* Hands the whole pages of a range that has been reserved all along to platform.release_pages,
 * after the hand-over, as single pages of the node that has them (if none has, of node 0).  After
 * bootmem_keep_pages() it is bootmem_pages_release() for these pages.  Misuse: before the
 * hand-over, a range beyond the address space, and what bootmem_pages_release() refuses. */
BOOTMEM_CALL void free_bootmem_late(unsigned long physaddr, unsigned long size);

#if !defined(BOOTMEM_NO_MEMBLOCK) && !defined(BOOTMEM_NO_MACROS)

/* ---- memblock's names, which fall back on bootmem as in Linux's bootmem.h ----
 *
 * Addresses are unsigned long, as everywhere here; an alignment of 0 is a cache line.  Memory is
 * zeroed, by `_raw` too.  Out of memory is a fault, but NULL with `_raw` and `_nopanic`; for these
 * `max_addr` is a limit, for the others it is ignored, as in Linux.  NUMA_NO_NODE is any node. */

/* As a `max_addr`: no limit. */
#define BOOTMEM_ALLOC_ACCESSIBLE 0

/* As a `max_addr`: no limit either. */
#define BOOTMEM_ALLOC_ANYWHERE (~0UL)

/* alloc_bootmem_align(). */
static inline void *memblock_virt_alloc(unsigned long size, unsigned long align)
{
  return __alloc_bootmem(size, align, BOOTMEM_LOW_LIMIT);
}

/* memblock_virt_alloc(), but NULL if memory is short. */
static inline void *memblock_virt_alloc_raw(unsigned long size, unsigned long align)
{
  return __alloc_bootmem_nopanic(size, align, BOOTMEM_LOW_LIMIT);
}

/* Another name for memblock_virt_alloc_raw(). */
static inline void *memblock_virt_alloc_nopanic(unsigned long size, unsigned long align)
{
  return __alloc_bootmem_nopanic(size, align, BOOTMEM_LOW_LIMIT);
}

/* __alloc_bootmem_low() without a goal. */
static inline void *memblock_virt_alloc_low(unsigned long size, unsigned long align)
{
  return __alloc_bootmem_low(size, align, 0);
}

/* memblock_virt_alloc_low(), but NULL if memory is short. */
static inline void *memblock_virt_alloc_low_nopanic(unsigned long size, unsigned long align)
{
  return __alloc_bootmem_low_nopanic(size, align, 0);
}

/* __alloc_bootmem_nopanic(), at or above `min_addr` if possible. */
static inline void *memblock_virt_alloc_from_nopanic(unsigned long size, unsigned long align,
    unsigned long min_addr)
{
  return __alloc_bootmem_nopanic(size, align, min_addr);
}

/* alloc_bootmem_node() for the node with this number; NUMA_NO_NODE: alloc_bootmem(). */
static inline void *memblock_virt_alloc_node(unsigned long size, int nid)
{
  if (nid == NUMA_NO_NODE)
    return __alloc_bootmem(size, SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT);
  return __alloc_bootmem_node(bootmem_node(nid), size, SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT);
}

/* memblock_virt_alloc_node(), but NULL if memory is short. */
static inline void *memblock_virt_alloc_node_nopanic(unsigned long size, int nid)
{
  if (nid == NUMA_NO_NODE)
    return __alloc_bootmem_nopanic(size, SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT);
  return __alloc_bootmem_node_nopanic(bootmem_node(nid), size, SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT);
}

/* __alloc_bootmem_node_high() for the node with this number; NUMA_NO_NODE: __alloc_bootmem(). */
static inline void *memblock_virt_alloc_try_nid(unsigned long size, unsigned long align,
    unsigned long min_addr, unsigned long max_addr, int nid)
{
  (void)max_addr;
  if (nid == NUMA_NO_NODE)
    return __alloc_bootmem(size, align, min_addr);
  return __alloc_bootmem_node_high(bootmem_node(nid), size, align, min_addr);
}

/* ___alloc_bootmem_node_nopanic() for the node with this number.  With a max_addr, NUMA_NO_NODE is
 * node 0 first: no call for any node takes a limit. */
static inline void *memblock_virt_alloc_try_nid_raw(unsigned long size, unsigned long align,
    unsigned long min_addr, unsigned long max_addr, int nid)
{
  if (nid == NUMA_NO_NODE
      && (max_addr == BOOTMEM_ALLOC_ACCESSIBLE || max_addr == BOOTMEM_ALLOC_ANYWHERE))
    return __alloc_bootmem_nopanic(size, align, min_addr);
  return ___alloc_bootmem_node_nopanic(bootmem_node(nid == NUMA_NO_NODE ? 0 : nid), size, align,
      min_addr, max_addr);
}

/* Another name for memblock_virt_alloc_try_nid_raw(). */
static inline void *memblock_virt_alloc_try_nid_nopanic(unsigned long size, unsigned long align,
    unsigned long min_addr, unsigned long max_addr, int nid)
{
  return memblock_virt_alloc_try_nid_raw(size, align, min_addr, max_addr, nid);
}

/* free_bootmem(). */
static inline void memblock_free_early(unsigned long base, unsigned long size)
{
  free_bootmem(base, size);
}

/* free_bootmem_node() for the node with this number; NUMA_NO_NODE: free_bootmem(). */
static inline void memblock_free_early_nid(unsigned long base, unsigned long size, int nid)
{
  if (nid == NUMA_NO_NODE)
    free_bootmem(base, size);
  else
    free_bootmem_node(bootmem_node(nid), base, size);
}

/* free_bootmem_late(). */
static inline void memblock_free_late(unsigned long base, unsigned long size)
{
  free_bootmem_late(base, size);
}

#endif /* BOOTMEM_NO_MEMBLOCK */

#ifdef __cplusplus
}
#endif

#endif
