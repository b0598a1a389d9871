/* SPDX-License-Identifier: MIT */
/* Numbers that say by which protocol the kernel was entered, where the loader leaves none. */
#define PVH_MAGIC 0x336ec578    /* the first field of hvm_start_info, too */
