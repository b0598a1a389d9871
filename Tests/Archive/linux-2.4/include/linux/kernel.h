/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name. */
int printk(const char *format, ...);
void panic(const char *format, ...);
