/* SPDX-License-Identifier: MIT */
/* The 32 exception entries.  Each leaves vector and error code on the stack and goes on to
 * kernel_trap(vector, error code, instruction pointer, stack pointer, fault address), in Swift,
 * which never returns: a kernel this early has no trap that it could mend. */
#if !__STDC_HOSTED__ && defined(__i386__)

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
  pushl $0
  .endif
  pushl $vector
  jmp trap_common
  .set vector, vector + 1
  .endr

trap_common:                    /* stack: vector, error code, eip, cs, eflags */
  cld
  movl 0(%esp), %eax
  movl 4(%esp), %ecx
  movl 8(%esp), %edx
  leal 20(%esp), %ebx
  movl %cr2, %esi
  andl $-16, %esp
  subl $12, %esp
  pushl %esi
  pushl %ebx
  pushl %edx
  pushl %ecx
  pushl %eax
  call kernel_trap
  ud2

/* A double fault arrives here as a task of its own, with a stack of its own, because the usual
 * reason is that the kernel's stack ran out.  What the kernel did is in its task state. */
  .globl double_fault_entry
double_fault_entry:
  cld
  movl %cr2, %esi
  movl kernel_task + 0x20, %edx /* eip */
  movl kernel_task + 0x38, %ebx /* esp */
  subl $12, %esp
  pushl %esi
  pushl %ebx
  pushl %edx
  pushl $0
  pushl $8
  call kernel_trap
  ud2

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
