/* SPDX-License-Identifier: MIT */
/* What symbols.c, the functions that Swift's runtime calls, asks of the module RuntimeHeap. */
#ifndef RUNTIME_HEAP_H
#define RUNTIME_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* A system whose C library has the functions that Swift calls, for tests: by the target, as a kernel may be
 * compiled without -ffreestanding, and a package cannot tell a bare machine from Linux. */
#if __STDC_HOSTED__ && (defined(__linux__) || defined(__APPLE__))
#define RUNTIME_HEAP_HOSTED 1
#endif

/* Error numbers, which are Linux's. */
enum { RUNTIME_HEAP_NO_MEMORY = 12, RUNTIME_HEAP_INVALID = 22 };

/* Allocates memory and returns 0; or an error number, and nothing has changed. */
int runtime_heap_allocate(void **result, size_t alignment, size_t size);

/* Frees memory; what was not allocated is reported. */
void runtime_heap_free(void *memory);

/* Fills memory from the kernel's source of random bytes. */
void runtime_heap_fill_randomly(void *memory, size_t size);

/* Reports a text, or prints it, and stops. */
_Noreturn void runtime_heap_stop(const char *text, size_t count);

/* Prints text.  The program goes on. */
void runtime_heap_print(const unsigned char *text, size_t count);

/* Room for the heap; Swift checks the size.  It is all zeros before RuntimeHeap has been started, which
 * is a heap without memory. */
#ifdef BOOTMEM_HEAP_DEBUG
enum { RUNTIME_HEAP_STORAGE_SIZE = 1280 };
#else
enum { RUNTIME_HEAP_STORAGE_SIZE = 896 };
#endif
extern unsigned char runtime_heap_storage[RUNTIME_HEAP_STORAGE_SIZE];
static inline void *runtime_heap_storage_pointer(void) { return runtime_heap_storage; }

/* On a host, whose C library has functions of the names that Swift calls, symbols.c defines them under
 * these, for tests. */
int hosted_posix_memalign(void **result, size_t alignment, size_t size);
void hosted_free(void *memory);
int hosted_memcmp(const void *left, const void *right, size_t size);
void hosted_arc4random_buf(void *memory, size_t size);
int hosted_putchar(int character);
void *hosted__swift_allocate(size_t alignment, size_t size, uint64_t flags);
void hosted__swift_deallocate(void *memory, size_t alignment, size_t size, uint64_t flags);
void *hosted__swift_typedAllocate(size_t size, size_t alignment, uint64_t flags, uint64_t type);
void hosted__swift_typedDeallocate(void *memory, size_t size, size_t alignment, uint64_t flags,
    uint64_t type);
void hosted__swift_generateRandom(void *memory, size_t size);
void hosted__swift_generateRandomHashSeed(void *memory, size_t size);
size_t hosted__swift_writeToStandardOutput(const unsigned char *text, size_t count);
void hosted__swift_lockStandardOutput(void);
void hosted__swift_unlockStandardOutput(void);
void *hosted__swift_getExclusivityTLS(void);
void hosted__swift_setExclusivityTLS(void *value);
void hosted__swift_mutex_init(void *mutex, uint64_t flags);
void hosted__swift_mutex_destroy(void *mutex);
void hosted__swift_mutex_lock(void *mutex);
void hosted__swift_mutex_unlock(void *mutex);
ptrdiff_t hosted__swift_mutex_tryLock(void *mutex);
void hosted__swift_tls_init(ptrdiff_t key, void (*destructor)(void *));
void *hosted__swift_tls_get(ptrdiff_t key);
void hosted__swift_tls_set(ptrdiff_t key, void *value);
_Noreturn void hosted__swift_exit(ptrdiff_t status);
_Noreturn void hosted__swift_reportError(const char *message, size_t count, uint64_t flags);
_Noreturn void hosted__swift_reportErrorAt(const char *message, size_t count, const char *file,
    size_t file_count, size_t line, uint64_t flags);

#endif
