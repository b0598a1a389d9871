/* SPDX-License-Identifier: MIT */
/* Words that one processor writes and others read, which Swift has no operations for on every
 * processor: those of Synchronization call a library where there are no atomic instructions. */
#ifndef PAGE_CACHES_H
#define PAGE_CACHES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Without atomic instructions, reading and writing a word is still one access, and barriers order
 * it; before version 6 Arm's processors are alone in their machines, and only the compiler orders. */
#if __GCC_ATOMIC_LONG_LOCK_FREE == 2
#define PAGE_CACHES_LOAD(word, order) __atomic_load_n(word, order)
#define PAGE_CACHES_STORE(word, value, order) __atomic_store_n(word, value, order)
#define PAGE_CACHES_BARRIER(order) __atomic_signal_fence(order)
#else
#define PAGE_CACHES_LOAD(word, order) (*(const volatile unsigned long *)(word))
#define PAGE_CACHES_STORE(word, value, order) (void)(*(volatile unsigned long *)(word) = (value))
#if defined(__ARM_ARCH) && __ARM_ARCH < 6
#define PAGE_CACHES_BARRIER(order) __atomic_signal_fence(order)
#else
#define PAGE_CACHES_BARRIER(order) __atomic_thread_fence(order)
#endif
#endif

/* What its writer sees of its own word. */
static inline unsigned long page_caches_load_own(const unsigned long *word)
{
  return PAGE_CACHES_LOAD(word, __ATOMIC_RELAXED);
}

/* Makes one more of its own word. */
static inline void page_caches_increment_own(unsigned long *word)
{
  PAGE_CACHES_STORE(word, PAGE_CACHES_LOAD(word, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

/* What was written before the value that is read is seen by what follows. */
static inline unsigned long page_caches_load(const unsigned long *word)
{
  unsigned long value = PAGE_CACHES_LOAD(word, __ATOMIC_ACQUIRE);

  PAGE_CACHES_BARRIER(__ATOMIC_ACQUIRE);
  return value;
}

/* The processor itself does this before what follows; others may see it later. */
static inline void page_caches_store_early(unsigned long *word, unsigned long value)
{
  PAGE_CACHES_STORE(word, value, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Whoever sees this sees what was done before. */
static inline void page_caches_store(unsigned long *word, unsigned long value)
{
  PAGE_CACHES_BARRIER(__ATOMIC_RELEASE);
  PAGE_CACHES_STORE(word, value, __ATOMIC_RELEASE);
}

/* Of two processors that each write a word, execute this and read the other's word, at least one
 * sees what the other wrote. */
static inline void page_caches_fence(void)
{
#if defined(__ARM_ARCH) && __ARM_ARCH < 6
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* While another processor is waited for. */
static inline void page_caches_pause(void)
{
#if defined(__i386__) || defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

#ifdef __cplusplus
}
#endif

#endif
