/* SPDX-License-Identifier: MIT */
/* Where OpenSBI enters the kernel: S mode, paging off, a0 the number of the hart, a1 the address of
 * the device tree.  From there, with paging on, to main(device tree).
 *
 * Source: RISC-V SBI; RISC-V privileged architecture, 4.4 and 4.5 for the tables. */
#if !__STDC_HOSTED__ && defined(__riscv) && __riscv_xlen == 64

/* Entries of tables. */
#define VALID (1 << 0)
#define READ (1 << 1)
#define WRITE (1 << 2)
#define EXECUTE (1 << 3)
#define USED ((1 << 6) | (1 << 7))      /* accessed and dirty, which some processors leave to us */
#define DATA (VALID | READ | WRITE | USED)
#define CONSTANTS (VALID | READ | USED)
#define TEXT (VALID | READ | EXECUTE | USED)

#define SSTATUS_FLOATING_POINT (1 << 13)        /* its registers may be used: FS, initial */

#define SATP_MODE_SHIFT 60
#define SATP_SV39 8
#define SATP_SV48 9

  .section .head, "ax", @progbits
  .globl _start
_start:
  csrw sie, zero
#if defined(__riscv_flen)
  li t0, SSTATUS_FLOATING_POINT
  csrs sstatus, t0
  fscsr zero
#endif
  mv s2, a1                     /* the device tree */
  la t0, image_bss_start
  la t1, image_end
1:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
  la sp, boot_stack_top

  /* The table of the first 512 GiB. */
  la a0, boot_page_gigabytes

  /* The root above it, for processors with 48 bits of address. */
  la a1, boot_page_root
  srli t0, a0, 2
  ori t0, t0, VALID
  sd t0, 0(a1)

  /* The GiB that the kernel is in: pages of 2 MiB, and one of 4 KiB pages with the image. */
  la a2, image_start
  srli t0, a2, 30
  slli t1, t0, 3
  add t1, a0, t1
  la a3, boot_page_megabytes
  srli t2, a3, 2
  ori t2, t2, VALID
  sd t2, 0(t1)
  slli t0, t0, 28               /* the address of the GiB as entries have it */
  ori t0, t0, DATA
  li t1, 512
  li t3, 1 << 19
  mv t4, a3
2:
  sd t0, 0(t4)
  add t0, t0, t3
  addi t4, t4, 8
  addi t1, t1, -1
  bnez t1, 2b
  srli t0, a2, 21
  andi t0, t0, 511
  slli t0, t0, 3
  add t0, a3, t0
  la a4, boot_page_image
  srli t1, a4, 2
  ori t1, t1, VALID
  sd t1, 0(t0)

  la t1, image_text_end
  la t2, image_read_only_end
  la t6, boot_stack_guard
  la a5, trap_stack_guard
  li t3, 512
  li t5, 0x1000
3:
  srli t0, a2, 2
  bgeu a2, t2, 4f
  bgeu a2, t1, 5f
  ori t0, t0, TEXT
  j 6f
4:
  beq a2, t6, 7f
  beq a2, a5, 7f
  ori t0, t0, DATA
  j 6f
5:
  ori t0, t0, CONSTANTS
  j 6f
7:
  li t0, 0
6:
  sd t0, 0(a4)
  addi a4, a4, 8
  add a2, a2, t5
  addi t3, t3, -1
  bnez t3, 3b

  la t0, trap_entry
  csrw stvec, t0
  sfence.vma
  /* A processor that does not have a mode leaves the register as it was. */
  .global first_paging_mode     /* a test puts a mode here that no processor has */
first_paging_mode:
  li t0, SATP_SV48
  slli t0, t0, SATP_MODE_SHIFT
  srli t1, a1, 12
  or t1, t0, t1
  csrw satp, t1
  csrr t2, satp
  beq t1, t2, 8f
  li t0, SATP_SV39
  slli t0, t0, SATP_MODE_SHIFT
  srli t1, a0, 12
  or t1, t0, t1
  csrw satp, t1
8:
  sfence.vma
  mv fp, zero                   /* the end of the chain of frames */
  mv ra, zero
  mv a0, s2
  call main                     /* never returns */
9:
  wfi
  j 9b

  .section .page_tables, "aw", @nobits
  .balign 4096
  .globl boot_page_root, boot_page_gigabytes
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
