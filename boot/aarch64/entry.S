/* SPDX-License-Identifier: MIT */
/* Where the loader enters the kernel, by Linux's boot protocol: MMU off, x0 the address of the device
 * tree, EL2 or EL1.  From there to EL1 with MMU and caches on and main(device tree).
 *
 * Source: Linux's documentation, arch/arm64/booting; Arm ARM (DDI 0487), D8 for the tables. */
#if !__STDC_HOSTED__ && defined(__aarch64__)
#include "../page_size.h"

/* Tables are pages.  An entry of the last one maps a page, of the one above a block: 2 MiB with pages
 * of 4 KiB, 32 with 16, 512 with 64. */
#define TABLE_SHIFT (PAGE_SHIFT - 3)
#define ENTRY_COUNT (1 << TABLE_SHIFT)
#define BLOCK_SHIFT (PAGE_SHIFT + TABLE_SHIFT)
/* What an entry of the table above those maps. */
#define BLOCKS_SHIFT (BLOCK_SHIFT + TABLE_SHIFT)
/* With pages of 64 KiB that table is the root. */
#define HAS_FOUR_LEVELS (BLOCKS_SHIFT + TABLE_SHIFT < 48)

/* Entries of tables. */
#define TABLE 0x3
#define PAGE 0x3                /* in the last table */
#define BLOCK 0x1               /* in those above */
#define MEMORY (1 << 2)         /* the attributes' number in MAIR_EL1; that of devices is 0 */
#define READ_ONLY (1 << 7)
#define INNER_SHAREABLE (3 << 8)
#define ACCESSED (1 << 10)
#define NEVER_EXECUTED ((1 << 54) | (1 << 53))

#define MAIR_DEVICE_AND_WRITE_BACK 0xff00
#if PAGE_SHIFT == 12
#define TCR_GRANULE 0
#define HEADER_PAGE_SIZE 1
#define GRANULE_FIELD 28        /* of ID_AA64MMFR0_EL1 */
#elif PAGE_SHIFT == 14
#define TCR_GRANULE 2
#define HEADER_PAGE_SIZE 2
#define GRANULE_FIELD 20
#else
#define TCR_GRANULE 1
#define HEADER_PAGE_SIZE 3
#define GRANULE_FIELD 24
#endif
/* 48 bits of address, tables in write-back memory, inner shareable; no upper half. */
#define TCR (16 | (1 << 8) | (1 << 10) | (3 << 12) | (TCR_GRANULE << 14) | (1 << 23))
#define TCR_PHYSICAL_SIZE_SHIFT 32
#define SCTLR_RESERVED_ONES 0x30d00800
#define SCTLR_MMU (1 << 0)
#define SCTLR_DATA_CACHE (1 << 2)
#define SCTLR_STACK_ALIGNMENT (1 << 3)
#define SCTLR_INSTRUCTION_CACHE (1 << 12)
#define SCTLR_WRITE_IMPLIES_NO_EXECUTE (1 << 19)

#define HCR_AARCH64 (1 << 31)
#define CPTR_NO_TRAPS 0x33ff
#define CPACR_NO_TRAPS (3 << 20)        /* of floating-point and vector instructions */
#define SPSR_EL1_MASKED 0x3c5   /* EL1 with its own stack pointer, all exceptions masked */

/* The header that makes a kernel of an image (Linux, arch/arm64/booting). */
/* For the linker script. */
  .globl image_page_byte_count
image_page_byte_count = PAGE_BYTE_COUNT

  .section .head, "ax", @progbits
  .globl _start
_start:
  b entry
  .long 0
  .quad 0                       /* from a multiple of 2 MiB */
  .quad image_byte_count
  .quad HEADER_PAGE_SIZE << 1   /* little-endian, pages of this size, near the start of memory */
  .quad 0, 0, 0
  .ascii "ARM\x64"
  .long 0

entry:
  mov x20, x0                   /* the device tree */
  adrp x0, image_start
  ldr x1, =0x40200000
  cmp x0, x1
  adr x1, wrong_place
  b.ne refuse                   /* not where it was linked for */
  msr spsel, #1
  mrs x0, CurrentEL
  cmp x0, #(2 << 2)
  b.ne in_el1

  mov x0, #HCR_AARCH64
  msr hcr_el2, x0
  mov x0, #CPTR_NO_TRAPS
  msr cptr_el2, x0
  msr hstr_el2, xzr
  mov x0, #3                    /* EL1 may read counter and timer */
  msr cnthctl_el2, x0
  msr cntvoff_el2, xzr
  ldr x0, =SCTLR_RESERVED_ONES
  msr sctlr_el1, x0
  mov x0, #SPSR_EL1_MASKED
  msr spsr_el2, x0
  adr x0, in_el1
  msr elr_el2, x0
  eret

in_el1:
  msr daifset, #0xf
#if defined(__ARM_FP)
  mov x0, #CPACR_NO_TRAPS
  msr cpacr_el1, x0
#endif
  ldr x0, =SCTLR_RESERVED_ONES
  msr sctlr_el1, x0
  isb

  /* Caches may hold old lines of what is written now past them. */
  adrp x0, image_bss_start
  adrp x1, image_end             /* a page border */
  mrs x2, ctr_el0
  ubfx x2, x2, #16, #4
  mov x3, #4
  lsl x2, x3, x2                /* the size of a line */
1:
  dc ivac, x0
  add x0, x0, x2
  cmp x0, x1
  b.lo 1b
  dsb sy

  adrp x0, image_bss_start
  add x0, x0, :lo12:image_bss_start
  adrp x1, image_end
2:
  stp xzr, xzr, [x0], #16
  cmp x0, x1
  b.lo 2b
  adrp x0, boot_stack_top
  mov sp, x0

  /* The root, and the first table below it. */
  adrp x1, boot_page_block_tables
#if HAS_FOUR_LEVELS
  adrp x0, boot_page_root
  orr x2, x1, #TABLE
  str x2, [x0]
#endif

  /* The GiB that the kernel is in: blocks, and one of pages with the image. */
  adrp x9, image_start
  lsr x3, x9, #BLOCKS_SHIFT
  adrp x2, boot_page_blocks
  orr x4, x2, #TABLE
  str x4, [x1, x3, lsl #3]
  ldr x5, =(BLOCK | MEMORY | INNER_SHAREABLE | ACCESSED | NEVER_EXECUTED)
  lsr x4, x9, #30
  lsl x4, x4, #30
  ubfx x3, x4, #BLOCK_SHIFT, #TABLE_SHIFT
  add x3, x2, x3, lsl #3
  orr x4, x4, x5
  mov x5, #(1 << BLOCK_SHIFT)
  mov x6, #(1 << (30 - BLOCK_SHIFT))
3:
  str x4, [x3], #8
  add x4, x4, x5
  subs x6, x6, #1
  b.ne 3b
  adrp x1, boot_page_image
  ubfx x3, x9, #BLOCK_SHIFT, #TABLE_SHIFT
  orr x4, x1, #TABLE
  str x4, [x2, x3, lsl #3]
  lsr x0, x9, #BLOCK_SHIFT
  lsl x0, x0, #BLOCK_SHIFT

  adrp x2, image_text_end
  add x2, x2, :lo12:image_text_end
  adrp x3, image_read_only_end
  add x3, x3, :lo12:image_read_only_end
  adrp x7, boot_stack_guard
  adrp x8, trap_stack_guard
  mov x6, #ENTRY_COUNT
4:
  ldr x4, =(PAGE | MEMORY | INNER_SHAREABLE | ACCESSED | NEVER_EXECUTED)
  cmp x0, x9
  b.lo 5f
  cmp x0, x3
  b.hs 5f
  orr x4, x4, #READ_ONLY
  cmp x0, x2
  b.hs 5f
  bic x4, x4, #(1 << 53)        /* executed, but only here */
5:
  orr x4, x4, x0
  cmp x0, x7
  ccmp x0, x8, #4, ne           /* equal to either */
  csel x4, xzr, x4, eq
  str x4, [x1], #8
  add x0, x0, #PAGE_BYTE_COUNT
  subs x6, x6, #1
  b.ne 4b
  dsb sy

  ldr x0, =MAIR_DEVICE_AND_WRITE_BACK
  msr mair_el1, x0
  ldr x0, =TCR
  mrs x1, id_aa64mmfr0_el1
#if PAGE_SHIFT == 14
  ubfx x2, x1, #GRANULE_FIELD, #4
  cbz x2, no_such_pages
#else
  tbnz x1, #GRANULE_FIELD + 3, no_such_pages
#endif
  and x1, x1, #7                /* the size of physical addresses; 52 bits need other tables */
  cmp x1, #5
  mov x2, #5
  csel x1, x1, x2, lo
  orr x0, x0, x1, lsl #TCR_PHYSICAL_SIZE_SHIFT
  msr tcr_el1, x0
  adrp x0, boot_page_root
  msr ttbr0_el1, x0
  adrp x0, trap_entries
  add x0, x0, :lo12:trap_entries
  msr vbar_el1, x0
  tlbi vmalle1
  ic iallu
  dsb sy
  isb
  ldr x0, =(SCTLR_RESERVED_ONES | SCTLR_MMU | SCTLR_DATA_CACHE | SCTLR_STACK_ALIGNMENT \
    | SCTLR_INSTRUCTION_CACHE | SCTLR_WRITE_IMPLIES_NO_EXECUTE)
  msr sctlr_el1, x0
  isb

  mov x29, xzr                  /* the end of the chain of frames */
  mov x30, xzr
  mov x0, x20
  bl main                       /* never returns */

no_such_pages:
  adr x1, wrong_page_size
/* Writes the text at x1 and ends the run as a failure, before there is a console: by semihosting, the
 * one channel that does not depend on the board.  Where nothing listens, the processor stops here. */
refuse:
  adr x2, refusal_trap
  msr vbar_el1, x2
  mov x0, #4                    /* SYS_WRITE0 */
  hlt #0xf000
  mov x0, #0x18                 /* SYS_EXIT */
  adr x1, failed
  hlt #0xf000
halt:
  wfi
  b halt
  .ltorg

  .balign 8
failed:
  .quad 0x20026, 35             /* ADP_Stopped_ApplicationExit, and the status of a failure */
wrong_place:
  .asciz "error: this board loads kernels at another address than 0x40200000, for which this one is linked\n"
wrong_page_size:
  .asciz "error: this processor does not have pages of the size for which the kernel was built\n"

/* Exceptions of a refusal that nobody listens to. */
  .balign 2048
refusal_trap:
  .rept 16
  b .
  .balign 128
  .endr

  .section .page_tables, "aw", @nobits
  .balign PAGE_BYTE_COUNT
  .globl boot_page_root
boot_page_root:
#if HAS_FOUR_LEVELS
  .skip PAGE_BYTE_COUNT
#endif
boot_page_block_tables:
  .skip PAGE_BYTE_COUNT
boot_page_blocks:
  .skip PAGE_BYTE_COUNT
boot_page_image:
  .skip PAGE_BYTE_COUNT

/* Those that the kernel fills itself, before it reads what others left. */
  .globl boot_page_tables, boot_page_tables_end
boot_page_tables:
  .skip 16 * PAGE_BYTE_COUNT
boot_page_tables_end:

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
