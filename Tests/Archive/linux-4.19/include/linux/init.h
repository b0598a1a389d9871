/* SPDX-License-Identifier: MIT */
/* What the adapter needs of a kernel's header of this name. */
#define __init __attribute__((section(".init.text")))
#define __initdata
#define __ref
#define __refdata
/* The test calls it as the kernel would. */
#define early_param(name, function) int (*const parameter_##function)(char *) = function
