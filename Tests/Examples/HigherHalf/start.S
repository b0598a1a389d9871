/* SPDX-License-Identifier: MIT */
/* Where a Multiboot 1 loader enters: 32-bit protected mode, %eax = magic number, %ebx = the address
 * of what it hands over.  This maps the first 4 MiB, at their own addresses and in the upper half,
 * and goes on there. */
#define MAGIC 0x1badb002
#define FLAGS 2 /* a memory map is wanted */
#define PHYSICAL(symbol) symbol - KERNEL_OFFSET

  .section .start, "ax", @progbits
  .balign 4
  .long MAGIC, FLAGS, -(MAGIC + FLAGS)

  .code32
  .globl _start
_start:
#if defined(__i386__)
  movl $0x83, PHYSICAL(upper_table)     /* present, writable, a page of 4 MiB */
  movl $0x83, PHYSICAL(upper_table) + 4 * (KERNEL_OFFSET >> 22)
  movl $PHYSICAL(upper_table), %ecx
  movl %ecx, %cr3
  movl $0x10, %ecx                      /* pages of 4 MiB */
  movl %ecx, %cr4
  movl %cr0, %ecx
  orl $0x80000000, %ecx                 /* paging */
  movl %ecx, %cr0
  movl $stack_top, %esp
  pushl %ebx
  pushl %eax
  movl $machine_main, %ecx
  call *%ecx
#else
  movl %eax, %edi                       /* the parameters of machine_main */
  movl %ebx, %esi
  movl $PHYSICAL(upper_table) + 3, %eax /* present, writable */
  movl %eax, PHYSICAL(root)
  movl %eax, PHYSICAL(root) + 8 * 256   /* 0xffff800000000000 */
  movl $PHYSICAL(directory) + 3, PHYSICAL(upper_table)
  movl $0x83, PHYSICAL(directory)       /* the same, a page of 2 MiB */
  movl $0x200083, PHYSICAL(directory) + 8
  movl $PHYSICAL(root), %eax
  movl %eax, %cr3
  movl $0x20, %eax                      /* physical address extension */
  movl %eax, %cr4
  movl $0xc0000080, %ecx                /* EFER: long mode enable */
  rdmsr
  orl $0x100, %eax
  wrmsr
  movl %cr0, %eax
  orl $0x80000000, %eax                 /* paging */
  movl %eax, %cr0
  lgdt descriptor_table
  ljmp $8, $1f
  .code64
1:
  xorl %eax, %eax
  movl %eax, %ds
  movl %eax, %ss
  movabsq $stack_top, %rsp
  movabsq $machine_main, %rax
  call *%rax

  .balign 8
descriptors:
  .quad 0, 0x00209a0000000000           /* code, 64 bit */
descriptor_table:
  .word 15
  .long descriptors

  .bss
  .balign 4096
root: .skip 4096
directory: .skip 4096
#endif

  .bss
  .balign 4096
  .globl upper_table
upper_table: .skip 4096
  .skip 4096
stack_top:
  .section .note.GNU-stack, "", @progbits
