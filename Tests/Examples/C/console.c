/* SPDX-License-Identifier: MIT */
/* What a kernel says: a line on the machine's console. */
#include "kernel.h"

void say(const char *text)
{
  while (*text != 0) machine_put(*text++);
}

void panic(const char *text)
{
  say(text);
  say("\n");
  machine_leave(0);
}
