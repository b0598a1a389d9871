/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name. */
#define EXPORT_SYMBOL(name)
