/* SPDX-License-Identifier: MIT */
/* Where a Multiboot 1 loader enters: 32-bit protected mode, %ebx = the address of what it hands over.
 * For x86_64 this goes on to long mode, with the first 4 GiB mapped at their own addresses. */
#if !__STDC_HOSTED__ && (defined(__i386__) || defined(__x86_64__))
#define MAGIC 0x1badb002
#define FLAGS 2 /* a memory map is wanted */

  .section .text.start, "ax", @progbits
  .balign 4
  .long MAGIC, FLAGS, -(MAGIC + FLAGS)

  .code32
  .globl _start
_start:
  movl $stack_top, %esp
#if defined(__i386__)
  subl $12, %esp                /* the stack is aligned to 16 bytes at a call */
  pushl %ebx
  call main
#else
  movl %ebx, %edi               /* the parameter of main */
  movl $directories + 3, %eax   /* present, writable */
  movl $pointers, %edx
  movl $4, %ecx
1:
  movl %eax, (%edx)
  addl $4096, %eax
  addl $8, %edx
  loop 1b
  movl $0x83, %eax              /* the same, a page of 2 MiB */
  movl $directories, %edx
  movl $2048, %ecx
2:
  movl %eax, (%edx)
  addl $0x200000, %eax
  addl $8, %edx
  loop 2b
  movl $pointers + 3, root
  movl $root, %eax
  movl %eax, %cr3
  movl $0x20, %eax              /* physical address extension */
  movl %eax, %cr4
  movl $0xc0000080, %ecx        /* EFER: long mode enable */
  rdmsr
  orl $0x100, %eax
  wrmsr
  movl %cr0, %eax
  orl $0x80000000, %eax         /* paging */
  movl %eax, %cr0
  lgdt descriptor_table
  ljmp $8, $3f
  .code64
3:
  xorl %eax, %eax
  movl %eax, %ds
  movl %eax, %ss
  call main

  .section .rodata
  .balign 8
descriptors:
  .quad 0, 0x00209a0000000000   /* code, 64 bit */
descriptor_table:
  .word 15
  .long descriptors

  .bss
  .balign 4096
root: .skip 4096
pointers: .skip 4096
directories: .skip 4 * 4096
#endif

  .bss
  .balign 16
  .skip 64 * 1024
stack_top:
#endif
  .section .note.GNU-stack, "", @progbits
