/* SPDX-License-Identifier: MIT */
/* The memory functions that compilers call: C99 semantics, cdecl.  In assembly, because a memset
 * written in Swift or C may be compiled into a call of itself. */
#if !__STDC_HOSTED__ && defined(__i386__)

/* void *memset(void *to, int byte, size_t count) */
  .section .text.memset, "ax", @progbits
  .globl memset
  .type memset, @function
memset:
  pushl %edi
  movl 8(%esp), %edi
  movzbl 12(%esp), %eax
  movl 16(%esp), %edx
  imull $0x01010101, %eax, %eax
  movl %edx, %ecx
  shrl $2, %ecx
  rep stosl
  movl %edx, %ecx
  andl $3, %ecx
  rep stosb
  movl 8(%esp), %eax
  popl %edi
  ret
  .size memset, . - memset

/* void *memcpy(void *to, const void *from, size_t count) */
  .section .text.memcpy, "ax", @progbits
  .globl memcpy
  .type memcpy, @function
memcpy:
  pushl %edi
  pushl %esi
  movl 12(%esp), %edi
  movl 16(%esp), %esi
  movl 20(%esp), %edx
  movl %edx, %ecx
  shrl $2, %ecx
  rep movsl
  movl %edx, %ecx
  andl $3, %ecx
  rep movsb
  movl 12(%esp), %eax
  popl %esi
  popl %edi
  ret
  .size memcpy, . - memcpy

/* void *memmove(void *to, const void *from, size_t count) */
  .section .text.memmove, "ax", @progbits
  .globl memmove
  .type memmove, @function
memmove:
  movl 4(%esp), %eax
  subl 8(%esp), %eax
  cmpl 12(%esp), %eax           /* to - from, unsigned: below count only if copying up destroys */
  jae memcpy
  pushl %edi
  pushl %esi
  movl 20(%esp), %ecx
  movl 12(%esp), %edi
  movl 16(%esp), %esi
  leal -1(%edi, %ecx), %edi
  leal -1(%esi, %ecx), %esi
  std
  rep movsb
  cld
  movl 12(%esp), %eax
  popl %esi
  popl %edi
  ret
  .size memmove, . - memmove

/* int memcmp(const void *left, const void *right, size_t count) */
  .section .text.memcmp, "ax", @progbits
  .globl memcmp
  .type memcmp, @function
memcmp:
  pushl %edi
  pushl %esi
  movl 12(%esp), %esi
  movl 16(%esp), %edi
  movl 20(%esp), %ecx
  xorl %eax, %eax
  cmpl %eax, %eax               /* equal, should count be 0 */
  repe cmpsb
  je 1f
  movzbl -1(%esi), %eax
  movzbl -1(%edi), %ecx
  subl %ecx, %eax
1:
  popl %esi
  popl %edi
  ret
  .size memcmp, . - memcmp

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
