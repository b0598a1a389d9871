/* SPDX-License-Identifier: MIT */
/* Where loaders enter the kernel: 32-bit protected mode, paging and interrupts off, as on i386.  From
 * there to long mode (Intel SDM volume 3, 9.8.5), with the kernel's image mapped to itself; the kernel
 * maps the rest, and with protection, before it reads anything that a loader left. */
#if !__STDC_HOSTED__ && defined(__x86_64__)

#include "../x86/magic.h"

#define CR0_PAGING (1 << 31)
#define CR0_WRITE_PROTECT (1 << 16)
#define CR4_PAE (1 << 5)
#define MSR_EFER 0xc0000080
#define EFER_LONG_MODE (1 << 8)
#define EFER_NO_EXECUTE (1 << 11)
#define CPUID_EXTENDED 0x80000001
#define CPUID_LONG_MODE 29      /* bits of %edx */
#define CPUID_NO_EXECUTE 20
#define PRESENT_WRITABLE 0x03
#define PRESENT_WRITABLE_LARGE 0x83

  .code32
  .section .text.entry, "ax", @progbits
  .globl pvh_start
pvh_start:
  movl $PVH_MAGIC, %eax

  .globl _start
_start:
  cli
  cld
  movl $boot_stack_top, %esp
  movl %eax, %edi               /* the arguments of main */
  movl %ebx, %esi

  movl $0x80000000, %eax
  cpuid
  cmpl $CPUID_EXTENDED, %eax
  jb no_long_mode
  movl $CPUID_EXTENDED, %eax
  cpuid
  btl $CPUID_LONG_MODE, %edx
  jnc no_long_mode

  /* Pages of 2 MiB up to the end of the image in the first directory, one table of directories, one
   * root. */
  movl $boot_page_directories, %ebx
  movl $PRESENT_WRITABLE_LARGE, %eax
1:
  movl %eax, (%ebx)
  addl $8, %ebx
  addl $0x200000, %eax
  cmpl $image_end, %eax
  jb 1b
  movl $boot_page_directories + PRESENT_WRITABLE, %eax
  movl %eax, boot_directory_table
  addl $0x1000, %eax
  movl %eax, boot_directory_table + 8
  addl $0x1000, %eax
  movl %eax, boot_directory_table + 16
  addl $0x1000, %eax
  movl %eax, boot_directory_table + 24
  movl $boot_directory_table + PRESENT_WRITABLE, boot_page_root

  movl %cr4, %eax
  orl $CR4_PAE, %eax
  movl %eax, %cr4
  movl $boot_page_root, %eax
  movl %eax, %cr3
  movl $EFER_LONG_MODE, %ebx
  btl $CPUID_NO_EXECUTE, %edx   /* from CPUID above */
  jnc 1f
  orl $EFER_NO_EXECUTE, %ebx
1:
  movl $MSR_EFER, %ecx
  rdmsr
  orl %ebx, %eax
  wrmsr
  movl %cr0, %eax
  orl $(CR0_PAGING | CR0_WRITE_PROTECT), %eax
  movl %eax, %cr0
  lgdt long_segment_register
  ljmp $8, $long_mode

  .code64
long_mode:
  movl $16, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %fs
  movl %eax, %gs
  movl %eax, %ss
  movl $boot_stack_top, %esp    /* clears the upper half as well */
  xorl %ebp, %ebp               /* the end of the chain of frames */
  call main                     /* never returns */
  ud2

/* Says so on the first serial port, whatever its speed, and ends QEMU as a failure does. */
  .code32
no_long_mode:
  movl $no_long_mode_text, %esi
1:
  lodsb
  testb %al, %al
  jz 2f
  movw $0x3f8, %dx
  outb %al, %dx
  jmp 1b
2:
  movl $0x11, %eax
  movw $0xf4, %dx
  outl %eax, %dx
3:
  hlt
  jmp 3b

  .section .rodata.entry, "a", @progbits
no_long_mode_text:
  .asciz "error: this processor has no 64-bit mode, which the x86_64 kernel needs\r\n"

  .balign 8
long_segments:
  .quad 0
  .quad 0x00af9a000000ffff      /* 64-bit code */
  .quad 0x00cf92000000ffff      /* data */
long_segment_register:
  .word . - long_segments - 1
  .long long_segments

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
