/* SPDX-License-Identifier: MIT */
/* How loaders recognise the kernel.  The entries themselves are in ../i386 and ../x86_64. */
#if !__STDC_HOSTED__ && (defined(__i386__) || defined(__x86_64__))

/* Multiboot Specification 0.6.96, section 3.1.  A section of its own, because QEMU offers PVH only to
 * images without this header: scripts/run takes it out for that. */
#define MULTIBOOT1_MAGIC 0x1badb002
#define MULTIBOOT1_FLAGS 3      /* modules on page borders; a memory map */

  .section .multiboot1, "a", @progbits
  .balign 4
  .long MULTIBOOT1_MAGIC
  .long MULTIBOOT1_FLAGS
  .long -(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)

/* Multiboot 2 Specification 2.0, section 3.1. */
#define MULTIBOOT2_MAGIC 0xe85250d6
#define MULTIBOOT2_I386 0
#define TAG_MODULE_ALIGN 6
#define TAG_END 0

  .section .multiboot2, "a", @progbits
  .balign 8
multiboot2_header:
  .long MULTIBOOT2_MAGIC
  .long MULTIBOOT2_I386
  .long multiboot2_end - multiboot2_header
  .long -(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + (multiboot2_end - multiboot2_header))
  .word TAG_MODULE_ALIGN, 0
  .long 8
  .word TAG_END, 0
  .long 8
multiboot2_end:

/* Xen's PVH: the note that says where to enter in 32-bit mode (XEN_ELFNOTE_PHYS32_ENTRY). */
#define PHYS32_ENTRY 18

  .section .note.pvh, "a", @note
  .balign 4
  .long 4, 4, PHYS32_ENTRY
  .asciz "Xen"
  .long pvh_start

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
