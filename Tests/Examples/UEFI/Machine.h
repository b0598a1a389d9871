/* SPDX-License-Identifier: MIT */
/* Between the kernel, in Swift, and what is in C. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

/* Room in the image, before there is memory to allocate. */
enum { STORAGE_SIZE = 256 * 1024 };
extern unsigned char storage[STORAGE_SIZE];
static inline void *storage_start(void) { return storage; }

/* How far memory is mapped, each byte at its own address. */
static const uint64_t machine_reach = 64ULL << 30;

/* Writes a byte to the first serial port. */
int putchar(int byte);

/* Ends the run: QEMU's exit status is 33 + 2 * status. */
_Noreturn void machine_exit(uint32_t status);

/* The kernel: EFI's memory map lies at `map`. */
_Noreturn void kernel_main(uint64_t map, uint64_t byte_count, uint64_t descriptor_byte_count);

#endif
