/* SPDX-License-Identifier: MIT */
/* What the programs that are measured share; each includes it once. */
#ifndef MEASURING_H
#define MEASURING_H

#include <stdint.h>
#include <time.h>

static uint64_t random_state = 88172645463325252;

/* A random number, the same in every run (xorshift). */
static inline uint64_t next_random(void)
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

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What was measured until now. */
static unsigned long operations;
static double total_seconds;

/* Measures run(from, to), which makes so many calls. */
static inline void measure_calls(void (*run)(unsigned long, unsigned long), unsigned long from,
			  unsigned long to, unsigned long calls)
{
	double start = seconds();

	measured(run, from, to);
	total_seconds += seconds() - start;
	operations += calls;
}

static inline double nanoseconds_per_operation(void)
{
	return total_seconds * 1e9 / (double)operations;
}

#endif
