/* SPDX-License-Identifier: MIT */
/* Where OpenSBI enters: S mode, paging off, a0 = number of the hart, a1 = the device tree. */
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  la sp, stack_top
  mv a0, a1
  tail machine_main

  .bss
  .balign 16
  .globl stack, stack_top
stack:
  .skip 4096
stack_top:
  .section .note.GNU-stack, "", @progbits
