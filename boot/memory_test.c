/* SPDX-License-Identifier: MIT */
/* What the test of the memory does with a page, a word of the processor at a time. */
#if !__STDC_HOSTED__

#include "Board.h"
#include "page_size.h"

enum { WORDS_PER_PAGE = PAGE_BYTE_COUNT / sizeof(uintptr_t) };

void board_fill_page(uintptr_t address, uintptr_t word) {
  volatile uintptr_t *words = (volatile uintptr_t *)address;
  for (unsigned index = 0; index < WORDS_PER_PAGE; index++) words[index] = word;
}

bool board_page_holds(uintptr_t address, uintptr_t word) {
  volatile uintptr_t *words = (volatile uintptr_t *)address;
  uintptr_t difference = 0;
  for (unsigned index = 0; index < WORDS_PER_PAGE; index++) difference |= words[index] ^ word;
  return difference == 0;
}

#endif
