/* SPDX-License-Identifier: MIT */
/* Where OpenSBI enters: S mode, paging off, a0 = number of the hart, a1 = the device tree. */
#if !__STDC_HOSTED__ && defined(__riscv)
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  la sp, stack_top
  li t0, 1 << 13                /* sstatus.FS, initial: floating-point registers may be used */
  csrs sstatus, t0
  mv a0, a1
  tail main

  .bss
  .balign 16
  .skip 64 * 1024
stack_top:
#endif
  .section .note.GNU-stack, "", @progbits
