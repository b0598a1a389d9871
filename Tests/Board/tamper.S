/* SPDX-License-Identifier: MIT */
/* Enters where the loader enters the kernel, damages what the loader left, and enters the kernel. */
  .section .kernel, "aw", @progbits
  .incbin KERNEL_FILE

  .text
  .globl tamper_start
tamper_start:
  cld
  movl $stack_top, %esp
  pushl $registers
  movl %eax, registers
  movl %ebx, registers + 4
  call tamper
  movl registers, %eax
  movl registers + 4, %ebx
  jmp kernel_entry

  .bss
  .balign 16
  .skip 4096
stack_top:
registers:                      /* %eax and %ebx, as the kernel gets them */
  .skip 8

  .section .note.GNU-stack, "", @progbits
