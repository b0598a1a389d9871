/* SPDX-License-Identifier: MIT */
/* The 32 exception entries.  Each leaves vector and error code on the stack and goes on to
 * kernel_trap(vector, error code, instruction pointer, stack pointer, fault address), in Swift,
 * which never returns: a kernel this early has no trap that it could mend. */
#if !__STDC_HOSTED__ && defined(__x86_64__)

  .section .text.traps, "ax", @progbits

/* Entries lie TRAP_ENTRY_SIZE bytes apart, which descriptors.c counts on. */
  .balign 16
  .globl trap_entries
trap_entries:
  .set vector, 0
  .rept 32
  .balign 16
  /* The processor itself pushes an error code for these (Intel SDM volume 3, table 6-1). */
  .if (0x60227d00 >> vector) & 1
  .else
  pushq $0
  .endif
  pushq $vector
  jmp trap_common
  .set vector, vector + 1
  .endr

trap_common:                    /* stack: vector, error code, rip, cs, rflags, rsp, ss */
  cld
  movq 0(%rsp), %rdi
  movq 8(%rsp), %rsi
  movq 16(%rsp), %rdx
  movq 40(%rsp), %rcx
  movq %cr2, %r8
  andq $-16, %rsp
  call kernel_trap
  ud2

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
