/* SPDX-License-Identifier: MIT */
/* Where OpenSBI enters a hart that board_start_processor() has started: S mode, paging off, a1 the
 * address of a struct board_secondary.  From there, with the page tables of the hart that started it,
 * to kernel_secondary(number).
 *
 * Source: RISC-V SBI, hart state management extension. */
#if !__STDC_HOSTED__ && defined(__riscv) && __riscv_xlen == 64

  .section .text.secondary, "ax", @progbits
  .globl board_secondary_start
board_secondary_start:
  csrw sie, zero
  la t0, trap_entry
  csrw stvec, t0
  ld sp, 0(a1)
  ld a0, 8(a1)                  /* the number */
  ld t0, 16(a1)                 /* the page tables */
  sfence.vma
  csrw satp, t0
  sfence.vma
  mv fp, zero                   /* the end of the chain of frames */
  mv ra, zero
  call kernel_secondary         /* never returns */
1:
  wfi
  j 1b

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
