/* SPDX-License-Identifier: MIT */
/* Where loaders enter the kernel: 32-bit protected mode, paging and interrupts off.  Multiboot leaves
 * its magic number in %eax and the address of the boot information in %ebx (Multiboot
 * Specification 0.6.96, section 3.2; Multiboot 2 the same); PVH leaves the address in %ebx only. */
#if !__STDC_HOSTED__ && defined(__i386__)

#include "../x86/magic.h"

  .section .text.entry, "ax", @progbits
  .globl pvh_start
  .type pvh_start, @function
pvh_start:
  movl $PVH_MAGIC, %eax
  .size pvh_start, . - pvh_start

  .globl _start
  .type _start, @function
_start:
  cli
  cld
  movl $boot_stack_top, %esp
  xorl %ebp, %ebp               /* the end of the chain of frames */
  pushl %ebp                    /* keeps the stack 16-byte aligned at the call */
  pushl %ebp
  pushl %ebx
  pushl %eax
  call main                     /* never returns */
  ud2
  .size _start, . - _start

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
