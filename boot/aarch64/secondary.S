/* SPDX-License-Identifier: MIT */
/* Where firmware enters a processor that board_start_processor() has started: EL1, MMU and caches off, x0
 * the address of a struct board_secondary.  From there, with the translation of the processor that
 * started it, to kernel_secondary(number).
 *
 * Source: Arm DEN 0022 (PSCI), CPU_ON. */
#if !__STDC_HOSTED__ && defined(__aarch64__)

  .section .text.secondary, "ax", @progbits
  .globl board_secondary_start
board_secondary_start:
  msr spsel, #1
  msr daifset, #0xf
  ldp x1, x2, [x0]              /* the stack, and the number */
  mov sp, x1
  ldp x3, x4, [x0, #16]
  msr ttbr0_el1, x3
  msr tcr_el1, x4
  ldp x3, x4, [x0, #32]
  msr mair_el1, x3
  msr vbar_el1, x4
  ldp x3, x4, [x0, #48]
  msr cpacr_el1, x4
  tlbi vmalle1
  ic iallu
  dsb sy
  isb
  msr sctlr_el1, x3             /* MMU and caches on */
  isb
  mov x29, xzr                  /* the end of the chain of frames */
  mov x30, xzr
  mov x0, x2
  bl kernel_secondary           /* never returns */
1:
  wfi
  b 1b

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
