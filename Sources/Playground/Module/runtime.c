/* SPDX-License-Identifier: MIT */
/* What a module of WebAssembly has to bring along: the memory functions, and where its memory is. */
#include <stddef.h>

/* With bulk memory, each of the built-in ones is an instruction. */
void *memset(void *memory, int byte, size_t size) { return __builtin_memset(memory, byte, size); }
void *memcpy(void *to, const void *from, size_t size) { return __builtin_memcpy(to, from, size); }
void *memmove(void *to, const void *from, size_t size) { return __builtin_memmove(to, from, size); }

extern unsigned char __heap_base;

/* The first byte behind the module's own data, and the end of its memory. */
unsigned char *playground_memory_start(void) { return &__heap_base; }
size_t playground_memory_end(void) { return __builtin_wasm_memory_size(0) * 65536; }

/* The product of numbers of 128 bits, which the processor has none of. */
__int128 __multi3(__int128 left, __int128 right)
{
  unsigned long long a = (unsigned long long)left, b = (unsigned long long)right;
  unsigned long long a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  unsigned long long low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (middle & 0xffffffff);
  unsigned long long high = a1 * b1 + (middle >> 32) + (other >> 32);

  low = (other << 32) | (low & 0xffffffff);
  high += (unsigned long long)(left >> 64) * b + a * (unsigned long long)(right >> 64);
  return (__int128)((unsigned __int128)high << 64 | low);
}
