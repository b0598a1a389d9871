/* What the kernel, written in Swift, asks of the processor and the linker.
 *
 * Everything here exists on the bare machine only: a hosted build sees an empty header.
 */
#ifndef BOARD_H
#define BOARD_H

#if !__STDC_HOSTED__

#include <stdbool.h>
#include <stdint.h>

/* ---- Ports, registers, instructions ---- */

static inline void board_write_port8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t board_read_port8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void board_write_port32(uint16_t port, uint32_t value) {
  __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* Stores to a device's memory, where no store may be left out. */
static inline void board_write_memory16(uintptr_t address, uint16_t value) {
  *(volatile uint16_t *)address = value;
}

static inline uint16_t board_read_memory16(uintptr_t address) {
  return *(volatile uint16_t *)address;
}

/* Words of memory under test: no access may be left out, as if the value were known. */
static inline void board_write_memory64(uintptr_t address, uint64_t value) {
  *(volatile uint64_t *)address = value;
}

static inline uint64_t board_read_memory64(uintptr_t address) {
  return *(volatile uint64_t *)address;
}

/* Stops the processor for good. */
_Noreturn static inline void board_halt(void) {
  for (;;) __asm__ volatile("cli; hlt");
}

/* What CPUID says for `leaf`.  False if the processor lacks the leaf, or CPUID altogether. */
struct board_cpuid {
  uint32_t eax, ebx, ecx, edx;
};
bool board_cpuid(uint32_t leaf, struct board_cpuid *result);

/* The time-stamp counter; 0 if the processor has none (a 486).
 * QEMU with `-icount shift=0` counts instructions with it. */
uint64_t board_time_stamp(void);

/* Points the processor at the kernel's own descriptor tables, so that every exception ends in
 * `kernel_trap`. */
void board_install_descriptors(void);

#if defined(__i386__)
/* Turns paging on, with write protection, if the processor has 4 MiB pages. */
void board_enable_paging(uintptr_t directory);
#else
/* Makes the processor forget what it remembers of page tables. */
static inline void board_reload_page_tables(void) {
  uintptr_t root;
  __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(root) : : "memory");
}
#endif

/* The same value, of which the compiler knows nothing. */
static inline uint32_t board_opaque(uint32_t value) {
  __asm__ volatile("" : "+r"(value));
  return value;
}

/* Raises a divide error: Swift checks for a zero divisor itself and never divides by one. */
static inline void board_divide_by_zero(void) {
  uint32_t quotient = 1, remainder = 0, zero = 0;
  __asm__ volatile("divl %2" : "+a"(quotient), "+d"(remainder) : "r"(zero));
}

/* ---- Where the linker put things (see linker/).  Not const: stores to them must not be dropped. ---- */

#define BOARD_LINKER_ADDRESS(name)                 \
  static inline uintptr_t board_##name(void) {     \
    extern char name[];                            \
    return (uintptr_t)name;                        \
  }

BOARD_LINKER_ADDRESS(image_start)
BOARD_LINKER_ADDRESS(image_text_end)
BOARD_LINKER_ADDRESS(image_read_only_end)
BOARD_LINKER_ADDRESS(image_end)
#if defined(__x86_64__)
BOARD_LINKER_ADDRESS(boot_page_root)
BOARD_LINKER_ADDRESS(boot_page_directories)
#endif
BOARD_LINKER_ADDRESS(kernel_tables)
BOARD_LINKER_ADDRESS(kernel_tables_end)
BOARD_LINKER_ADDRESS(boot_stack_guard)
BOARD_LINKER_ADDRESS(boot_stack_bottom)
BOARD_LINKER_ADDRESS(boot_stack_top)

#endif
#endif
