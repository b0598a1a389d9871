/* SPDX-License-Identifier: MIT */
/* What the tests of the archive share: a platform whose physical memory is an arena of this
 * process, faults that can be expected, and counts.
 *
 * The arena stands for pages that a test chooses, and holds bitmaps and memory that is written to.
 * All other physical memory exists in the allocator's books only: `clear` keeps away from it. */
#ifndef KIT_H
#define KIT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootmem.h"

enum { EBUSY_RESULT = -16, EINVAL_RESULT = -22, ENOMEM_RESULT = -12 };

/* Bits in an unsigned long. */
#define WORD_BITS (8 * sizeof(long))

/* The page just behind the address space. */
#define END_PFN (1ULL << (WORD_BITS - BOOTMEM_PAGE_SHIFT))

/* ---- The platform ---- */

/* Sets the library up anew over an arena of `pages` pages that stands for the pages from `pfn` on;
 * its content is left over from before. */
void kit_setup(unsigned long pfn, unsigned long pages);

/* The page whose address, to the library's pointers, is NULL.  No memory of a test's may be there:
 * an allocation of it would look like none. */
unsigned long kit_null_pfn(void);

/* Sets up as kit_setup() does, with the arena elsewhere in this process and another page at NULL. */
void kit_setup_elsewhere(unsigned long pfn, unsigned long pages);

/* The platform that kit_setup() uses; may be changed, for a bootmem_setup() of the caller's. */
extern struct bootmem_platform kit_platform;

/* Between physical addresses and the library's pointers. */
uintptr_t kit_address(const void *pointer);
void *kit_pointer(uintptr_t address);

/* ---- Faults ---- */

/* Runs the statements; afterwards kit_fault is the code of the fault that ended them, or 0, and
 * kit_message its message. */
#define KIT_CATCH(...)                              \
  do {                                              \
    kit_fault = 0;                                  \
    kit_message[0] = 0;                             \
    kit_catches = true;                             \
    if (setjmp(kit_return) == 0) { __VA_ARGS__; }   \
    kit_catches = false;                            \
  } while (0)

extern int kit_fault;
extern char kit_message[512];
extern jmp_buf kit_return;
extern bool kit_catches;

/* ---- What the library said ---- */

struct kit_block {
  unsigned long pfn;
  unsigned int order;
  int nid;
};

/* The blocks that were released since kit_setup(). */
extern struct kit_block *kit_blocks;
extern size_t kit_block_count;

/* The text that was written since kit_setup(), or since a test has made it empty, cut off at its capacity. */
extern char kit_text[1 << 16];

/* ---- Counts ---- */

/* Begins a test; the one before ends with it. */
void kit_test(const char *name);

/* Fails the test unless `condition`. */
#define KIT_EXPECT(condition) kit_expect((condition), #condition, __FILE__, __LINE__)
void kit_expect(bool condition, const char *text, const char *file, int line);

/* Fails the test unless the numbers are equal. */
#define KIT_EQUAL(left, right) kit_equal((left), (right), #left, __FILE__, __LINE__)
void kit_equal(uintmax_t left, uintmax_t right, const char *text, const char *file, int line);

/* Fails the test unless the texts are equal. */
#define KIT_SAYS(left, right) kit_says((left), (right), __FILE__, __LINE__)
void kit_says(const char *left, const char *right, const char *file, int line);

/* Prints `N passed, N failed`; the result is for main(). */
int kit_finish(void);

#endif
