/* SPDX-License-Identifier: MIT */
/* The entry of all traps in S mode.  It keeps all registers and goes on to kernel_trap(cause,
 * registers), in Swift, which never returns: a kernel this early has no trap that it could mend. */
#if !__STDC_HOSTED__ && defined(__riscv) && __riscv_xlen == 64

  .section .text.traps, "ax", @progbits
  .balign 4
  .globl trap_entry
trap_entry:
  csrw sscratch, t0
  la t0, trap_registers
  sd zero, 0(t0)
  sd x1, 8(t0)
  sd x2, 16(t0)
  sd x3, 24(t0)
  sd x4, 32(t0)
  .irp number, 6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd x\number, 8 * \number(t0)
  .endr
  csrr t1, sscratch
  sd t1, 40(t0)
  csrr t1, sepc
  sd t1, 256(t0)
  csrr t1, stval
  sd t1, 264(t0)
  csrr a0, scause
  mv a1, t0
  la sp, trap_stack_top         /* the kernel's own may be what trapped */
  mv fp, zero
  call kernel_trap
1:
  wfi
  j 1b

/* x0 to x31, sepc, stval. */
  .section .bss.traps, "aw", @nobits
  .balign 16
trap_registers:
  .skip 40 * 8

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
