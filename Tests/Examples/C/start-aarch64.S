/* SPDX-License-Identifier: MIT */
/* Where QEMU enters an ELF image: EL1, MMU off.  The device tree lies at the start of memory (QEMU's
 * documentation, "virt" generic virtual platform). */
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  adrp x0, stack_top
  mov sp, x0
  mov x0, #0x40000000
  b machine_main

  .bss
  .balign 4096
  .globl stack, stack_top
stack:
  .skip 4096
stack_top:
  .section .note.GNU-stack, "", @progbits
