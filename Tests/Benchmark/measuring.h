/* SPDX-License-Identifier: MIT */
/* What the programs that are measured share; each includes it once. */
#ifndef MEASURING_H
#define MEASURING_H

#include <stdint.h>

static uint64_t random_state = 88172645463325252;

/* A random number, the same in every run (xorshift). */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Not inlined: the profiler counts from its entry to its return. */
__attribute__((noinline)) void measured(void (*run)(unsigned long, unsigned long),
					unsigned long from, unsigned long to)
{
	run(from, to);
	__asm__ volatile("");
}

#endif
