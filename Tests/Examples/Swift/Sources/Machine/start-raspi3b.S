/* SPDX-License-Identifier: MIT */
/* Where a Raspberry Pi 3 enters, and QEMU's raspi3b: at 0x80000, in EL2 or EL1, MMU off, x0 = the device tree, if
 * there is one.  The firmware keeps cores 1 to 3 waiting in page 0; where one comes here all the same, it is parked. */
#if !__STDC_HOSTED__ && defined(RASPI3B)
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  mrs x1, mpidr_el1
  ands x1, x1, #3
  b.eq first
parked:
  wfe
  b parked

first:
  mov x20, x0
  mrs x1, CurrentEL
  cmp x1, #(2 << 2)
  b.ne in_el1
  mov x1, #(1 << 31)            /* HCR_EL2.RW: EL1 is of 64 bits */
  msr hcr_el2, x1
  mov x1, #0x33ff               /* CPTR_EL2: nothing is trapped */
  msr cptr_el2, x1
  ldr x1, =0x30d00800           /* SCTLR_EL1: MMU and caches off */
  msr sctlr_el1, x1
  mov x1, #0x3c5                /* SPSR_EL2: EL1 with its own stack, interrupts off */
  msr spsr_el2, x1
  adr x1, in_el1
  msr elr_el2, x1
  eret

in_el1:
  mov x1, #(3 << 20)            /* CPACR_EL1.FPEN: floating-point and vector registers may be used */
  msr cpacr_el1, x1
  isb
  /* A raw image has no zeros behind it. */
  adrp x1, bss_start
  add x1, x1, :lo12:bss_start
  adrp x2, image_end
  add x2, x2, :lo12:image_end
1:
  cmp x1, x2
  b.hs 2f
  str xzr, [x1], #8
  b 1b
2:
  adrp x1, stack_top
  mov sp, x1
  ldr w1, [x20]
  ldr w2, =0xedfe0dd0           /* a device tree begins so; without one QEMU passes a list of tags */
  cmp w1, w2
  csel x0, x20, xzr, eq
  b main

  .bss
  .balign 4096
  .skip 64 * 1024
stack_top:
#endif
  .section .note.GNU-stack, "", @progbits
