/* SPDX-License-Identifier: MIT */
/* The kernel that the archive's functions are proved in: it prepares a node, and keeps what the library
   tells it. */
#include <stddef.h>

#include "bootmem.h"

/* The last memory that the library has cleared. */
unsigned long proof_cleared[2];

/* How often the library has stopped the kernel. */
unsigned long proof_faults;

static void keep_cleared(void *context, void *start, size_t length)
{
  (void)context;
  proof_cleared[0] = (unsigned long)start;
  proof_cleared[1] = length;
}

static void count_fault(void *context, int code, const char *message)
{
  (void)context;
  (void)code;
  (void)message;
  proof_faults++;
}

/* Begins anew with a machine without nodes. */
int proof_set_up(void);
int proof_set_up(void)
{
  static struct bootmem_platform platform;

  platform.size = sizeof platform;
  platform.fault = count_fault;
  platform.clear = keep_cleared;
  return bootmem_setup(&platform);
}

/* Adds the node with this number, of the pages from `start` up to `end`; its bitmap is at that address. */
int proof_add_node(int number, unsigned long start, unsigned long end, unsigned long bitmap);
int proof_add_node(int number, unsigned long start, unsigned long end, unsigned long bitmap)
{
  init_bootmem_node(bootmem_node(number), bitmap >> 12, start, end);
  return proof_faults != 0;
}
