/* SPDX-License-Identifier: MIT */
/* Where a processor begins that board_start_processor() has started: in real mode, in a page below 1 MiB
 * that has a copy of the first part.  From there by way of protected mode, in the image, to long mode with
 * the kernel's page tables, and kernel_secondary(number).
 *
 * Source: Intel SDM volume 3, 9.4 (processors' start) and 9.8.5 (long mode). */
#if !__STDC_HOSTED__ && defined(__x86_64__)

#define CR0_PROTECTION (1 << 0)
#define CR0_PAGING (1 << 31)
#define CR0_WRITE_PROTECT (1 << 16)
#define CR4_PAE (1 << 5)
#define MSR_EFER 0xc0000080
#define CODE_64 8
#define DATA 16
#define CODE_32 24

  .section .rodata.secondary, "a", @progbits
  .globl board_trampoline, board_trampoline_end
  .code16
board_trampoline:
  cli
  cld
  movw %cs, %ax
  movw %ax, %ds
  lgdtl segment_register - board_trampoline
  movl %cr0, %eax
  orl $CR0_PROTECTION, %eax
  movl %eax, %cr0
  ljmpl $CODE_32, $secondary_protected
  .balign 4
segment_register:
  .word segments_end - segments - 1
  .long segments
board_trampoline_end:

  .balign 8
segments:
  .quad 0
  .quad 0x00af9a000000ffff      /* 64-bit code */
  .quad 0x00cf92000000ffff      /* data */
  .quad 0x00cf9a000000ffff      /* 32-bit code */
segments_end:

  .section .text.secondary, "ax", @progbits
  .code32
secondary_protected:
  movl $DATA, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  movl %cr4, %eax
  orl $CR4_PAE, %eax
  movl %eax, %cr4
  movl board_secondary + 16, %eax       /* the page tables, below 4 GiB */
  movl %eax, %cr3
  movl $MSR_EFER, %ecx
  movl board_secondary + 24, %eax       /* as the processor has it that started this one */
  xorl %edx, %edx
  wrmsr
  movl %cr0, %eax
  orl $(CR0_PAGING | CR0_WRITE_PROTECT), %eax
  movl %eax, %cr0
  ljmp $CODE_64, $secondary_long

  .code64
secondary_long:
  xorl %eax, %eax
  movl %eax, %fs
  movl %eax, %gs
  movq board_secondary(%rip), %rsp
  movq board_secondary + 8(%rip), %rdi  /* the number */
  xorl %ebp, %ebp               /* the end of the chain of frames */
  call kernel_secondary         /* never returns */
  ud2

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
