/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name. */
enum { GFP_NOWAIT = 1 };
void *kzalloc_node(unsigned long size, unsigned int flags, int nid);
