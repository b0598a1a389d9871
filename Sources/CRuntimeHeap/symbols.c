/* SPDX-License-Identifier: MIT */
/* The functions that Embedded Swift calls for memory, random numbers and text: by the names of C's
 * library, as Swift up to 6.3 does, and by those of the platform layer that came after it.
 *
 * All of them are here, in C, because Swift is to refuse to define such names.  None is linked that
 * nobody calls.  Those that a kernel may have itself are weak: its own come first. */
#include "runtime_heap.h"

#ifdef RUNTIME_HEAP_HOSTED
#define NAMED(name) hosted_##name
#else
#define NAMED(name) name
#endif
#define WEAK __attribute__((weak))
#define STOP(text) runtime_heap_stop(text, sizeof text - 1)

unsigned char runtime_heap_storage[RUNTIME_HEAP_STORAGE_SIZE] __attribute__((aligned(16)));

/* ---- The names of C ---- */

int NAMED(posix_memalign)(void **result, size_t alignment, size_t size)
{
  return runtime_heap_allocate(result, alignment, size);
}

void NAMED(free)(void *memory)
{
  if (memory)
    runtime_heap_free(memory);
}

/* Compilers make calls of such loops, and this one would call itself. */
WEAK __attribute__((no_builtin("memcmp", "bcmp")))
int NAMED(memcmp)(const void *left, const void *right, size_t size)
{
  const unsigned char *first = left, *second = right;

  for (size_t index = 0; index < size; index++)
    if (first[index] != second[index])
      return first[index] - second[index];
  return 0;
}

WEAK void NAMED(arc4random_buf)(void *memory, size_t size)
{
  runtime_heap_fill_randomly(memory, size);
}

WEAK int NAMED(putchar)(int character)
{
  unsigned char byte = (unsigned char)character;

  runtime_heap_print(&byte, 1);
  return byte;
}

/* ---- The platform layer, version 1.1 ---- */

/* Of the flags: the memory is to be cleared. */
enum { ZERO_MEMORY = 1 };

WEAK void *NAMED(_swift_allocate)(size_t alignment, size_t size, uint64_t flags)
{
  void *result = NULL;

  /* Some callers give an alignment, 0 for any, and some one less than that. */
  if (alignment & (alignment - 1))
    alignment++;
  if (runtime_heap_allocate(&result, alignment ? alignment : 1, size))
    return NULL;
  if (flags & ZERO_MEMORY)
    __builtin_memset(result, 0, size);
  return result;
}

WEAK void NAMED(_swift_deallocate)(void *memory, size_t alignment, size_t size, uint64_t flags)
{
  (void)alignment, (void)size, (void)flags;
  NAMED(free)(memory);
}

WEAK void *NAMED(_swift_typedAllocate)(size_t size, size_t alignment, uint64_t flags, uint64_t type)
{
  (void)type;
  return NAMED(_swift_allocate)(alignment, size, flags);
}

WEAK void NAMED(_swift_typedDeallocate)(void *memory, size_t size, size_t alignment, uint64_t flags,
    uint64_t type)
{
  (void)size, (void)alignment, (void)flags, (void)type;
  NAMED(free)(memory);
}

WEAK void NAMED(_swift_generateRandom)(void *memory, size_t size)
{
  NAMED(arc4random_buf)(memory, size);
}

WEAK void NAMED(_swift_generateRandomHashSeed)(void *memory, size_t size)
{
  NAMED(arc4random_buf)(memory, size);
}

WEAK size_t NAMED(_swift_writeToStandardOutput)(const unsigned char *text, size_t count)
{
  runtime_heap_print(text, count);
  return count;
}

/* One processor prints at a time: whoever has several gives print() a lock of its own. */
WEAK void NAMED(_swift_lockStandardOutput)(void) {}
WEAK void NAMED(_swift_unlockStandardOutput)(void) {}

/* What is there once for each thread, of which there is one; a kernel with more has its own. */
static void *exclusivity;

WEAK void *NAMED(_swift_getExclusivityTLS)(void) { return exclusivity; }
WEAK void NAMED(_swift_setExclusivityTLS)(void *value) { exclusivity = value; }

/* The keys are dense from 0. */
enum { KEY_COUNT = 8 };
static void *values[KEY_COUNT];

/* A thread that never ends destroys nothing. */
WEAK void NAMED(_swift_tls_init)(ptrdiff_t key, void (*destructor)(void *))
{
  (void)key, (void)destructor;
}

WEAK void *NAMED(_swift_tls_get)(ptrdiff_t key)
{
  return key >= 0 && key < KEY_COUNT ? values[key] : NULL;
}

WEAK void NAMED(_swift_tls_set)(ptrdiff_t key, void *value)
{
  if (key >= 0 && key < KEY_COUNT)
    values[key] = value;
  else
    STOP("heap: _swift_tls_set(): there is no such key");
}

/* A mutex of one thread: the first of its 8 words has how often it is locked, the second the flags. */
enum { MUTEX_RECURSIVE = 2 };

WEAK void NAMED(_swift_mutex_init)(void *mutex, uint64_t flags)
{
  uintptr_t *words = mutex;

  words[0] = 0;
  words[1] = (uintptr_t)flags;
}

WEAK void NAMED(_swift_mutex_destroy)(void *mutex) { (void)mutex; }

WEAK ptrdiff_t NAMED(_swift_mutex_tryLock)(void *mutex)
{
  uintptr_t *words = mutex;

  if (words[0] != 0 && !(words[1] & MUTEX_RECURSIVE))
    return 0;
  words[0]++;
  return 1;
}

WEAK void NAMED(_swift_mutex_lock)(void *mutex)
{
  /* Nobody else is there to unlock it. */
  if (!NAMED(_swift_mutex_tryLock)(mutex))
    STOP("heap: _swift_mutex_lock(): the one thread has locked it already");
}

WEAK void NAMED(_swift_mutex_unlock)(void *mutex)
{
  uintptr_t *words = mutex;

  if (words[0] == 0)
    STOP("heap: _swift_mutex_unlock(): it is not locked");
  words[0]--;
}

WEAK _Noreturn void NAMED(_swift_exit)(ptrdiff_t status)
{
  (void)status;
  STOP("heap: _swift_exit(): a kernel has no end");
}

WEAK _Noreturn void NAMED(_swift_reportError)(const char *message, size_t count, uint64_t flags)
{
  (void)flags;
  runtime_heap_stop(message, count);
}

WEAK _Noreturn void NAMED(_swift_reportErrorAt)(const char *message, size_t count, const char *file,
    size_t file_count, size_t line, uint64_t flags)
{
  (void)file, (void)file_count, (void)line;
  NAMED(_swift_reportError)(message, count, flags);
}
