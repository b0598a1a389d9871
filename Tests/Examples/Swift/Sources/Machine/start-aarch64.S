/* SPDX-License-Identifier: MIT */
/* Where QEMU enters an ELF image: EL1, MMU off.  The device tree lies at the start of memory (QEMU's
 * documentation, "virt" generic virtual platform). */
#if !__STDC_HOSTED__ && defined(__aarch64__) && !defined(RASPI3B)
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  adrp x0, stack_top
  mov sp, x0
  mov x0, #(3 << 20)            /* CPACR_EL1.FPEN: floating-point and vector registers may be used */
  msr cpacr_el1, x0
  isb
  mov x0, #0x40000000
  b main

  .bss
  .balign 4096
  .skip 64 * 1024
stack_top:
#endif
  .section .note.GNU-stack, "", @progbits
