/* Where the loader enters the kernel, by Linux's boot protocol: MMU off, x0 the address of the device
 * tree, EL2 or EL1.  From there to EL1 with MMU and caches on and Kernel_main(device tree).
 *
 * Source: Linux's documentation, arch/arm64/booting; Arm ARM (DDI 0487), D8 for the tables. */
#if !__STDC_HOSTED__ && defined(__aarch64__)

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
/* 48 bits of address, 4 KiB pages, tables in write-back memory, inner shareable; no upper half. */
#define TCR (16 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23))
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
  .section .head, "ax", @progbits
  .globl _start
_start:
  b entry
  .long 0
  .quad 0                       /* from a multiple of 2 MiB */
  .quad image_byte_count
  .quad 2                       /* little-endian, pages of 4 KiB, near the start of memory */
  .quad 0, 0, 0
  .ascii "ARM\x64"
  .long 0

entry:
  mov x20, x0                   /* the device tree */
  adrp x0, image_start
  ldr x1, =0x40200000
  cmp x0, x1
  b.ne halt                     /* not where it was linked for */
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

  /* The root, and the table of the first 512 GiB. */
  adrp x0, boot_page_root
  adrp x1, boot_page_gigabytes
  orr x2, x1, #TABLE
  str x2, [x0]

  /* The GiB that the kernel is in: pages of 2 MiB, and one of 4 KiB pages with the image. */
  adrp x0, image_start
  lsr x3, x0, #30
  adrp x2, boot_page_megabytes
  orr x4, x2, #TABLE
  str x4, [x1, x3, lsl #3]
  ldr x5, =(BLOCK | MEMORY | INNER_SHAREABLE | ACCESSED | NEVER_EXECUTED)
  lsl x4, x3, #30
  orr x4, x4, x5
  mov x6, #512
3:
  str x4, [x2], #8
  add x4, x4, #(1 << 21)
  subs x6, x6, #1
  b.ne 3b
  adrp x2, boot_page_megabytes
  adrp x1, boot_page_image
  ubfx x3, x0, #21, #9
  orr x4, x1, #TABLE
  str x4, [x2, x3, lsl #3]

  adrp x2, image_text_end
  add x2, x2, :lo12:image_text_end
  adrp x3, image_read_only_end
  add x3, x3, :lo12:image_read_only_end
  adrp x7, boot_stack_guard
  adrp x8, trap_stack_guard
  mov x6, #512
4:
  ldr x4, =(PAGE | MEMORY | INNER_SHAREABLE | ACCESSED | NEVER_EXECUTED)
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
  add x0, x0, #0x1000
  subs x6, x6, #1
  b.ne 4b
  dsb sy

  ldr x0, =MAIR_DEVICE_AND_WRITE_BACK
  msr mair_el1, x0
  ldr x0, =TCR
  mrs x1, id_aa64mmfr0_el1
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
  bl Kernel_main                /* never returns */

halt:
  wfi
  b halt
  .ltorg

  .section .page_tables, "aw", @nobits
  .balign 4096
  .globl boot_page_root
boot_page_root:
  .skip 4096
boot_page_gigabytes:
  .skip 4096
boot_page_megabytes:
  .skip 4096
boot_page_image:
  .skip 4096

/* Those that the kernel fills itself, before it reads what others left. */
  .globl boot_page_tables, boot_page_tables_end
boot_page_tables:
  .skip 16 * 4096
boot_page_tables_end:

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
