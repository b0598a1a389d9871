/* SPDX-License-Identifier: MIT */
/* What the kernel asks of an x86 processor; see Board.h. */
#ifndef BOARD_X86_H
#define BOARD_X86_H
#if defined(__i386__) || defined(__x86_64__)

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

/* Stops the processor for good. */
_Noreturn static inline void board_halt(void) {
  for (;;) __asm__ volatile("cli; hlt");
}

/* What CPUID says for `leaf`.  False if the processor does not have the leaf, or has no CPUID. */
struct board_cpuid {
  uint32_t eax, ebx, ecx, edx;
};
bool board_cpuid(uint32_t leaf, struct board_cpuid *result);

/* Points the processor at the kernel's own descriptor tables, so that every exception ends in
 * `kernel_trap`. */
void board_install_descriptors(void);

#if defined(__i386__)
/* Turns paging on, with write protection, if the processor has 4 MiB pages; else false. */
bool board_enable_paging(uintptr_t directory);
#endif

/* Makes the processor forget what it remembers of page tables. */
static inline void board_reload_page_tables(void) {
  uintptr_t root;
  __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(root) : : "memory");
}

/* Lets the kernel write to read-only pages, as are its page tables, or not (CR0.WP). */
static inline void board_protect_read_only_pages(bool protect) {
  uintptr_t write_protect = 1 << 16, cr0;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  cr0 = protect ? cr0 | write_protect : cr0 & ~write_protect;
  __asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
}

/* Lets code use the coprocessor and SSE2, which Swift's dictionaries and its tables of Unicode do (Intel
 * SDM volume 3, 9.2 and 9.6).  False if the processor has only one of them, or none. */
static inline bool board_enable_floating_point(void) {
  enum { HAS_COPROCESSOR = 1 << 0, HAS_FXSR = 1 << 24, HAS_SSE2 = 1 << 26 };
  enum { MONITOR = 1 << 1, EMULATE = 1 << 2, SWITCHED = 1 << 3, NATIVE_ERRORS = 1 << 5 };
  enum { OS_FXSR = 1 << 9, OS_EXCEPTIONS = 1 << 10 };
  const uint32_t needed = HAS_COPROCESSOR | HAS_FXSR | HAS_SSE2;
  struct board_cpuid features;
  if (!board_cpuid(1, &features) || (features.edx & needed) != needed) return false;
  uintptr_t cr0, cr4;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  cr0 = (cr0 & ~(uintptr_t)(EMULATE | SWITCHED)) | MONITOR | NATIVE_ERRORS;
  __asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
  __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
  __asm__ volatile("mov %0, %%cr4\n\tfninit" : : "r"(cr4 | OS_FXSR | OS_EXCEPTIONS) : "memory");
  return true;
}

/* The instruction that returns from a function. */
typedef uint8_t board_instruction;
#define BOARD_RETURN 0xc3

/* Raises an exception, a divide error: Swift checks for a zero divisor itself. */
static inline void board_raise_exception(void) {
  uint32_t quotient = 1, remainder = 0, zero = 0;
  __asm__ volatile("divl %2" : "+a"(quotient), "+d"(remainder) : "r"(zero));
}

/* ---- Page tables (see boot/x86/page_tables.S) ---- */

#if defined(__x86_64__)
BOARD_LINKER_ADDRESS(boot_page_root)
#endif
BOARD_LINKER_ADDRESS(boot_page_directories)
BOARD_LINKER_ADDRESS(boot_page_directories_end)
BOARD_LINKER_ADDRESS(boot_page_tables)
BOARD_LINKER_ADDRESS(boot_page_tables_end)
BOARD_LINKER_ADDRESS(first_page_window)

#endif
#endif
