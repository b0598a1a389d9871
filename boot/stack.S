/* SPDX-License-Identifier: MIT */
/* The stack on which the kernel is entered and runs, and the one on which a trap is reported that may
 * come of the first having run out; each above a page that stays unmapped. */
#if !__STDC_HOSTED__
#include "page_size.h"

  .section .stack, "aw", @nobits
  .balign PAGE_BYTE_COUNT
  .globl boot_stack_guard, boot_stack_bottom, boot_stack_top
boot_stack_guard:
  .skip PAGE_BYTE_COUNT
boot_stack_bottom:
  .skip 0x10000
boot_stack_top:

  .globl trap_stack_guard, trap_stack_bottom, trap_stack_top
trap_stack_guard:
  .skip PAGE_BYTE_COUNT
trap_stack_bottom:
  .skip 0x4000
trap_stack_top:

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
