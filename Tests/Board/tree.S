/* SPDX-License-Identifier: MIT */
/* Enters the kernel, at KERNEL, as a loader does, with a device tree of the test's own, at TREE.  Part
 * of no kernel: an image of its own, which is booted in the kernel's place. */
  .text
  .globl tree_start
tree_start:
#if defined(__aarch64__)
  ldr x0, =TREE
  ldr x1, =KERNEL
  br x1
#else
  li a1, TREE
  li t0, KERNEL
  jr t0
#endif
