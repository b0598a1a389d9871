/* SPDX-License-Identifier: MIT */
/* The memory functions that compilers call: C99 semantics, System V calling convention.  In assembly,
 * because a memset written in Swift or C may be compiled into a call of itself. */
#if !__STDC_HOSTED__ && defined(__x86_64__)

/* void *memset(void *to, int byte, size_t count) */
  .section .text.memset, "ax", @progbits
  .globl memset
  .type memset, @function
memset:
  movq %rdi, %r8
  movzbl %sil, %eax
  movabsq $0x0101010101010101, %rcx
  imulq %rcx, %rax
  movq %rdx, %rcx
  shrq $3, %rcx
  rep stosq
  movl %edx, %ecx
  andl $7, %ecx
  rep stosb
  movq %r8, %rax
  ret
  .size memset, . - memset

/* void *memcpy(void *to, const void *from, size_t count) */
  .section .text.memcpy, "ax", @progbits
  .globl memcpy
  .type memcpy, @function
memcpy:
  movq %rdi, %rax
  movq %rdx, %rcx
  shrq $3, %rcx
  rep movsq
  movl %edx, %ecx
  andl $7, %ecx
  rep movsb
  ret
  .size memcpy, . - memcpy

/* void *memmove(void *to, const void *from, size_t count) */
  .section .text.memmove, "ax", @progbits
  .globl memmove
  .type memmove, @function
memmove:
  movq %rdi, %rax
  subq %rsi, %rax
  cmpq %rdx, %rax               /* to - from, unsigned: below count only if copying up destroys */
  jae memcpy
  movq %rdi, %rax
  movq %rdx, %rcx
  leaq -1(%rdi, %rdx), %rdi
  leaq -1(%rsi, %rdx), %rsi
  std
  rep movsb
  cld
  ret
  .size memmove, . - memmove

/* int memcmp(const void *left, const void *right, size_t count) */
  .section .text.memcmp, "ax", @progbits
  .globl memcmp
  .type memcmp, @function
memcmp:
  xchgq %rdi, %rsi              /* cmpsb compares (%rsi) with (%rdi) */
  movq %rdx, %rcx
  xorl %eax, %eax
  cmpl %eax, %eax               /* equal, should count be 0 */
  repe cmpsb
  je 1f
  movzbl -1(%rsi), %eax
  movzbl -1(%rdi), %ecx
  subl %ecx, %eax
1:
  ret
  .size memcmp, . - memcmp

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
