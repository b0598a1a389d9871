/* SPDX-License-Identifier: MIT */
/* The memory functions that compilers call: C99 semantics.  In assembly, because a memset written in
 * Swift or C may be compiled into a call of itself. */
#if !__STDC_HOSTED__ && defined(__riscv) && __riscv_xlen == 64

/* void *memset(void *to, int byte, size_t count) */
  .section .text.memset, "ax", @progbits
  .globl memset
  .type memset, @function
memset:
  mv t0, a0
  add t1, a0, a2                /* the end */
  andi a1, a1, 0xff
  slli t2, a1, 8
  or a1, a1, t2
  slli t2, a1, 16
  or a1, a1, t2
  slli t2, a1, 32
  or a1, a1, t2
1:
  bgeu t0, t1, 4f
  andi t2, t0, 7
  beqz t2, 2f
  sb a1, 0(t0)
  addi t0, t0, 1
  j 1b
2:
  sub t2, t1, t0
  andi t2, t2, -32
  add t2, t0, t2                /* the end of what can be done in pieces of 32 bytes */
6:
  bgeu t0, t2, 7f
  sd a1, 0(t0)
  sd a1, 8(t0)
  sd a1, 16(t0)
  sd a1, 24(t0)
  addi t0, t0, 32
  j 6b
7:
  andi t2, t1, -8
3:
  bgeu t0, t2, 5f
  sd a1, 0(t0)
  addi t0, t0, 8
  j 3b
5:
  bgeu t0, t1, 4f
  sb a1, 0(t0)
  addi t0, t0, 1
  j 5b
4:
  ret
  .size memset, . - memset

/* void *memcpy(void *to, const void *from, size_t count) */
  .section .text.memcpy, "ax", @progbits
  .globl memcpy
  .type memcpy, @function
memcpy:
  mv t0, a0
  add t1, a0, a2                /* the end */
  or t2, a0, a1
  andi t2, t2, 7
  bnez t2, 2f
  andi t3, a2, -32
  add t3, a0, t3                /* the end of what can be done in pieces of 32 bytes */
4:
  bgeu t0, t3, 5f
  ld t2, 0(a1)
  ld t4, 8(a1)
  ld t5, 16(a1)
  ld t6, 24(a1)
  sd t2, 0(t0)
  sd t4, 8(t0)
  sd t5, 16(t0)
  sd t6, 24(t0)
  addi a1, a1, 32
  addi t0, t0, 32
  j 4b
5:
  andi t3, t1, -8
1:
  bgeu t0, t3, 2f
  ld t2, 0(a1)
  sd t2, 0(t0)
  addi a1, a1, 8
  addi t0, t0, 8
  j 1b
2:
  bgeu t0, t1, 3f
  lb t2, 0(a1)
  sb t2, 0(t0)
  addi a1, a1, 1
  addi t0, t0, 1
  j 2b
3:
  ret
  .size memcpy, . - memcpy

/* void *memmove(void *to, const void *from, size_t count) */
  .section .text.memmove, "ax", @progbits
  .globl memmove
  .type memmove, @function
memmove:
  sub t0, a0, a1
  bgeu t0, a2, memcpy           /* to - from, unsigned: below count only if copying up destroys */
  add t0, a0, a2
  add a1, a1, a2
1:
  beq t0, a0, 2f
  addi t0, t0, -1
  addi a1, a1, -1
  lb t2, 0(a1)
  sb t2, 0(t0)
  j 1b
2:
  ret
  .size memmove, . - memmove

/* int memcmp(const void *left, const void *right, size_t count) */
  .section .text.memcmp, "ax", @progbits
  .globl memcmp
  .type memcmp, @function
memcmp:
  mv t0, a0
  add t1, a0, a2                /* the end */
  li a0, 0
1:
  bgeu t0, t1, 2f
  lbu t2, 0(t0)
  lbu t3, 0(a1)
  addi t0, t0, 1
  addi a1, a1, 1
  sub a0, t2, t3
  beqz a0, 1b
2:
  ret
  .size memcmp, . - memcmp

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
