/* Where a Multiboot 1 loader enters the kernel: 32-bit protected mode, paging and interrupts off,
 * %eax = the loader's magic number, %ebx = address of the boot information.
 * (Multiboot Specification 0.6.96, sections 3.1 "Header" and 3.2 "Machine state") */
#if !__STDC_HOSTED__ && defined(__i386__)

#define HEADER_MAGIC 0x1badb002
#define HEADER_PAGE_ALIGN_MODULES 1
#define HEADER_WANT_MEMORY_MAP 2
#define HEADER_FLAGS (HEADER_PAGE_ALIGN_MODULES | HEADER_WANT_MEMORY_MAP)

  .section .multiboot, "a", @progbits
  .balign 4
  .long HEADER_MAGIC
  .long HEADER_FLAGS
  .long -(HEADER_MAGIC + HEADER_FLAGS)

  .section .text.entry, "ax", @progbits
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
  call Kernel_main              /* never returns */
  ud2
  .size _start, . - _start

  .section .stack, "aw", @nobits
  .balign 4096
  .globl boot_stack_guard, boot_stack_bottom, boot_stack_top
boot_stack_guard:
  .skip 4096
boot_stack_bottom:
  .skip 0x10000
boot_stack_top:

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
