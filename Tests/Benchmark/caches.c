/* SPDX-License-Identifier: MIT */
/* What pages cost with a cache for each processor.
 *
 *     caches CASE              runs one case; `measured` is the function to count in
 *     caches --threads N       prints the nanoseconds of a call on each of N threads at once: by the
 *                              caches with the barrier in each call, by those that have it in others,
 *                              and under a lock alone
 *
 * A case prints `N operations, T ns per operation`; an operation is one call.
 */
#define _GNU_SOURCE
#include <bootmem_caches.h>

#include "measuring.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ul
#define START (64ul << 20)
#define END (START + (4ul << 30))

enum { THREADS = 4, BATCH = 10000, ROUNDS = 20 };

static struct bootmem_cache room[THREADS] __attribute__((aligned(64)));
static unsigned long pages[BATCH];

static void die(const char *text)
{
	fprintf(stderr, "caches: %s\n", text);
	exit(1);
}

/* ---- The machine ---- */

static int lock_word;

static void lock(void *context)
{
	(void)context;
	while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock_word, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}

static void unlock(void *context)
{
	(void)context;
	__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

static void fence_others(void *context)
{
	(void)context;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
		die("no barrier");
}

static void on_fault(void *context, int code, const char *message)
{
	(void)context;
	(void)code;
	die(message);
}

static void set_up(int fences_others, unsigned int max_pages)
{
	void *arena = mmap(NULL, START, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct bootmem_platform platform = {
		.size = sizeof platform,
		.direct_map_offset = (uintptr_t)arena,
		.max_order = 10,
		.fault = on_fault,
	};
	struct bootmem_caches caches = {
		.size = sizeof caches,
		.room = room,
		.count = THREADS,
		.max_pages = max_pages,
		.max_large_blocks = 8,
		.lock = lock,
		.unlock = unlock,
		.fence_others = fences_others ? fence_others : NULL,
	};

	if (arena == MAP_FAILED || bootmem_setup(&platform) != 0)
		die("no memory");
	init_bootmem_node(bootmem_node(0), 256, 0, END / PAGE);
	free_bootmem(16ul << 20, END - (16ul << 20));
	if (bootmem_keep_pages() != 0 || bootmem_set_caches(&caches) != 0)
		die("refused");
	bootmem_pages_prepare();
}

/* ---- Counting ---- */

static void pairs(unsigned long order, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		bootmem_caches_free(bootmem_caches_allocate((unsigned int)order, 0),
				    (unsigned int)order, 0);
}

static void allocations(unsigned long order, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		pages[i] = bootmem_caches_allocate((unsigned int)order, 0);
}

static void frees(unsigned long order, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		bootmem_caches_free(pages[i], (unsigned int)order, 0);
}

static void run_pair(unsigned int order, int fences_others)
{
	set_up(fences_others, 64);
	bootmem_caches_free(bootmem_caches_allocate(order, 0), order, 0);
	for (int i = 0; i < ROUNDS; i++)
		measure_calls(pairs, order, BATCH, 2 * BATCH);
}

/* Every call goes to the page allocator below. */
static void run_miss(void)
{
	set_up(1, 0);
	for (int i = 0; i < ROUNDS; i++)
		measure_calls(pairs, 0, BATCH, 2 * BATCH);
}

static void run_batch(int measures_frees)
{
	set_up(1, 64);
	for (int i = 0; i < ROUNDS; i++) {
		if (measures_frees) {
			allocations(0, BATCH);
			measure_calls(frees, 0, BATCH, BATCH);
		} else {
			measure_calls(allocations, 0, BATCH, BATCH);
			frees(0, BATCH);
		}
	}
}

/* ---- Threads ---- */

enum { CALLS = 4000000 };

static pthread_barrier_t barrier;
static double ended[THREADS];

static void *hits(void *argument)
{
	unsigned int cpu = (unsigned int)(uintptr_t)argument;
	double start;

	pthread_barrier_wait(&barrier);
	start = seconds();
	for (int i = 0; i < CALLS / 2; i++)
		bootmem_caches_free(bootmem_caches_allocate(0, cpu), 0, cpu);
	ended[cpu] = (seconds() - start) / CALLS * 1e9;
	return NULL;
}

static double time_threads(unsigned int count)
{
	pthread_t threads[THREADS];
	double sum = 0;

	pthread_barrier_init(&barrier, NULL, count);
	for (uintptr_t i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, hits, (void *)i);
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		sum += ended[i];
	}
	return sum / count;
}

static void run_threads(unsigned int count)
{
	double with_barrier, without, locked;

	if (count < 1 || count > THREADS)
		die("1 to 4 threads");
	set_up(0, 64);
	with_barrier = time_threads(count);
	set_up(1, 64);
	without = time_threads(count);
	set_up(1, 0);
	locked = time_threads(count);
	printf("%.1f %.1f %.1f\n", with_barrier, without, locked);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	if (strcmp(name, "--threads") == 0 && argc == 3) {
		run_threads((unsigned int)atoi(argv[2]));
		return 0;
	}
	if (strcmp(name, "caches-hit-0") == 0)
		run_pair(0, 1);
	else if (strcmp(name, "caches-hit-9") == 0)
		run_pair(9, 1);
	else if (strcmp(name, "caches-hit-barrier-0") == 0)
		run_pair(0, 0);
	else if (strcmp(name, "caches-miss-0") == 0)
		run_miss();
	else if (strcmp(name, "caches-batch-allocate") == 0)
		run_batch(0);
	else if (strcmp(name, "caches-batch-free") == 0)
		run_batch(1);
	else
		die("unknown case");
	printf("%lu operations, %.2f ns per operation\n", operations,
	       nanoseconds_per_operation());
	return 0;
}
