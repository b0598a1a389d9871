/* SPDX-License-Identifier: MIT */
#ifndef PLAYGROUND_H
#define PLAYGROUND_H

#include <stddef.h>

/* The first byte behind the module's own data, and the end of its memory. */
unsigned char *playground_memory_start(void);
size_t playground_memory_end(void);

#endif
