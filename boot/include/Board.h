/* SPDX-License-Identifier: MIT */
/* What the kernel, written in Swift, asks of the processor and the linker.
 *
 * Everything here exists on the bare machine only: a hosted build sees an empty header.
 */
#ifndef BOARD_H
#define BOARD_H

#if !__STDC_HOSTED__

#include <stdbool.h>
#include <stdint.h>

/* ---- Memory, values, time ---- */

/* The processor's counter: of instructions on riscv64, of cycles on x86 and aarch64; 0 if it has none
 * (a 486), and the timer's ticks on an aarch64 without a counter of cycles.  With `-icount shift=0` QEMU
 * counts an instruction as a cycle. */
uint64_t board_time_stamp(void);

/* Stores to a device's memory, where no store may be left out. */
static inline void board_write_memory16(uintptr_t address, uint16_t value) {
  *(volatile uint16_t *)address = value;
}

static inline uint16_t board_read_memory16(uintptr_t address) {
  return *(volatile uint16_t *)address;
}

/* Fills a memory page under test with a word, and whether a page holds it: no access may be left out,
 * as if the value were known. */
void board_fill_page(uintptr_t address, uintptr_t word);
bool board_page_holds(uintptr_t address, uintptr_t word);

/* The same value, of which the compiler knows nothing. */
static inline uint32_t board_opaque(uint32_t value) {
  __asm__ volatile("" : "+r"(value));
  return value;
}

/* ---- Several processors ---- */

/* What became of a processor that was to be started. */
enum board_start { BOARD_START_DONE, BOARD_START_RUNS, BOARD_START_FAILED };

#if !defined(__i386__)
/* Starts the processor that firmware calls `id`, with that stack, to call kernel_secondary(number).  One at
 * a time: the next when that one has arrived.  `low_page` is a page below 1 MiB, on x86_64. */
enum board_start board_start_processor(uintptr_t id, uintptr_t stack_top, uintptr_t number,
    bool calls_hypervisor, uintptr_t low_page);
#else
/* The kernel for i386 uses one. */
static inline enum board_start board_start_processor(uintptr_t id, uintptr_t stack_top,
    uintptr_t number, bool calls_hypervisor, uintptr_t low_page) {
  (void)stack_top, (void)number, (void)calls_hypervisor, (void)low_page;
  return id == 0 ? BOARD_START_RUNS : BOARD_START_FAILED;
}
#endif

/* Words that processors share. */
static inline uintptr_t board_load_shared(const uintptr_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
static inline void board_store_shared(uintptr_t *word, uintptr_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
static inline uintptr_t board_exchange_shared(uintptr_t *word, uintptr_t value) {
  return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

/* ---- Where the linker put things (see linker/).  Not const: stores to them must not be dropped. ---- */

#define BOARD_LINKER_ADDRESS(name)                 \
  static inline uintptr_t board_##name(void) {     \
    extern char name[];                            \
    return (uintptr_t)name;                        \
  }

BOARD_LINKER_ADDRESS(image_start)
BOARD_LINKER_ADDRESS(image_text_start)
BOARD_LINKER_ADDRESS(image_text_end)
BOARD_LINKER_ADDRESS(image_read_only_end)
BOARD_LINKER_ADDRESS(image_end)
BOARD_LINKER_ADDRESS(page_tables_start)
BOARD_LINKER_ADDRESS(page_tables_end)
BOARD_LINKER_ADDRESS(kernel_tables)
BOARD_LINKER_ADDRESS(kernel_tables_end)
BOARD_LINKER_ADDRESS(boot_stack_guard)
BOARD_LINKER_ADDRESS(boot_stack_bottom)
BOARD_LINKER_ADDRESS(boot_stack_top)
BOARD_LINKER_ADDRESS(trap_stack_guard)
BOARD_LINKER_ADDRESS(trap_stack_bottom)
BOARD_LINKER_ADDRESS(trap_stack_top)

/* ---- What this processor has besides; of these headers only its own has anything in it ---- */

#include "Board-aarch64.h"
#include "Board-riscv64.h"
#include "Board-x86.h"

/* Calls data: a function that returns is put at an address, and called there. */
static inline void board_execute_data(uintptr_t address) {
  *(volatile board_instruction *)address = BOARD_RETURN;
  ((void (*)(void))address)();
}

#endif
#endif
