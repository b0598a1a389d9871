/* SPDX-License-Identifier: MIT */
/* Memory for the kernel's own tables, which it needs before it can allocate any. */
#if !__STDC_HOSTED__

  .section .bss.kernel_tables, "aw", @nobits
  .balign 4096
  .globl kernel_tables, kernel_tables_end
kernel_tables:
  .skip 0x50000
kernel_tables_end:

#endif
#if defined(__ELF__)
  .section .note.GNU-stack, "", @progbits
#endif
