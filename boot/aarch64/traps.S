/* SPDX-License-Identifier: MIT */
/* The vectors of EL1.  Each keeps all registers and goes on to kernel_trap(vector, registers), in Swift,
 * which never returns: a kernel this early has no trap that it could mend. */
#if !__STDC_HOSTED__ && defined(__aarch64__)

  .section .text.traps, "ax", @progbits

  .balign 2048
  .globl trap_entries
trap_entries:
  .set vector, 0
  .rept 16
  .balign 128
  msr tpidr_el1, x0
  adrp x0, trap_registers
  add x0, x0, :lo12:trap_registers
  stp x1, x2, [x0, #8]
  mov x1, #vector
  b trap_common
  .set vector, vector + 1
  .endr

trap_common:                    /* x0: trap_registers, with x1 and x2 kept; x1: the vector */
  stp x3, x4, [x0, #24]
  stp x5, x6, [x0, #40]
  stp x7, x8, [x0, #56]
  stp x9, x10, [x0, #72]
  stp x11, x12, [x0, #88]
  stp x13, x14, [x0, #104]
  stp x15, x16, [x0, #120]
  stp x17, x18, [x0, #136]
  stp x19, x20, [x0, #152]
  stp x21, x22, [x0, #168]
  stp x23, x24, [x0, #184]
  stp x25, x26, [x0, #200]
  stp x27, x28, [x0, #216]
  stp x29, x30, [x0, #232]
  mrs x2, tpidr_el1
  mov x3, sp
  str x2, [x0]
  mrs x4, elr_el1
  stp x3, x4, [x0, #248]
  mrs x2, esr_el1
  mrs x3, far_el1
  stp x2, x3, [x0, #264]
  mov x2, x0
  adrp x3, trap_stack_top       /* the kernel's own may be what trapped */
  mov sp, x3
  mov x0, x1
  mov x1, x2
  mov x29, xzr
  bl kernel_trap
1:
  wfi
  b 1b

/* x0 to x30, sp, elr, esr, far. */
  .section .bss.traps, "aw", @nobits
  .balign 16
trap_registers:
  .skip 40 * 8

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
