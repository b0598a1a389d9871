/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name. */
#define MAX_DMA_ADDRESS ((unsigned long)__va(16 << PAGE_SHIFT))
