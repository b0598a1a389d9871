/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name. */
#define KERN_INFO "6"
int printk(const char *format, ...);
void panic(const char *format, ...) __attribute__((noreturn));
