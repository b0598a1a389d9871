/* SPDX-License-Identifier: MIT */
/* The memory functions that compilers call: C99 semantics.  In assembly, because a memset written in
 * Swift or C may be compiled into a call of itself.  Stores are aligned, so they work before the MMU
 * is on. */
#if !__STDC_HOSTED__ && defined(__aarch64__)

/* void *memset(void *to, int byte, size_t count) */
  .section .text.memset, "ax", @progbits
  .globl memset
  .type memset, @function
memset:
  mov x3, x0
  and x1, x1, #0xff
  mov x4, #0x0101010101010101
  mul x1, x1, x4
1:
  tst x3, #7
  b.eq 2f
  cbz x2, 4f
  strb w1, [x3], #1
  sub x2, x2, #1
  b 1b
2:
  cmp x2, #32
  b.lo 6f
  stp x1, x1, [x3], #16
  stp x1, x1, [x3], #16
  sub x2, x2, #32
  b 2b
6:
  subs x2, x2, #8
  b.lo 3f
  str x1, [x3], #8
  b 6b
3:
  adds x2, x2, #8
  b.eq 4f
5:
  strb w1, [x3], #1
  subs x2, x2, #1
  b.ne 5b
4:
  ret
  .size memset, . - memset

/* void *memcpy(void *to, const void *from, size_t count) */
  .section .text.memcpy, "ax", @progbits
  .globl memcpy
  .type memcpy, @function
memcpy:
  mov x3, x0
  orr x4, x0, x1
  tst x4, #7
  b.ne 2f
5:
  cmp x2, #32
  b.lo 1f
  ldp x4, x5, [x1], #16
  ldp x6, x7, [x1], #16
  stp x4, x5, [x3], #16
  stp x6, x7, [x3], #16
  sub x2, x2, #32
  b 5b
1:
  cmp x2, #8
  b.lo 2f
  ldr x4, [x1], #8
  str x4, [x3], #8
  sub x2, x2, #8
  b 1b
2:
  cbz x2, 4f
3:
  ldrb w4, [x1], #1
  strb w4, [x3], #1
  subs x2, x2, #1
  b.ne 3b
4:
  ret
  .size memcpy, . - memcpy

/* void *memmove(void *to, const void *from, size_t count) */
  .section .text.memmove, "ax", @progbits
  .globl memmove
  .type memmove, @function
memmove:
  sub x3, x0, x1
  cmp x3, x2                    /* to - from, unsigned: below count only if copying up destroys */
  b.hs memcpy
1:
  cbz x2, 2f
  sub x2, x2, #1
  ldrb w4, [x1, x2]
  strb w4, [x0, x2]
  b 1b
2:
  ret
  .size memmove, . - memmove

/* int memcmp(const void *left, const void *right, size_t count) */
  .section .text.memcmp, "ax", @progbits
  .globl memcmp
  .type memcmp, @function
memcmp:
  mov x3, x0
  mov w0, #0
1:
  cbz x2, 2f
  ldrb w4, [x3], #1
  ldrb w5, [x1], #1
  sub x2, x2, #1
  subs w0, w4, w5
  b.eq 1b
2:
  ret
  .size memcmp, . - memcmp

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
