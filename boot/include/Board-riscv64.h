/* SPDX-License-Identifier: MIT */
/* What the kernel asks of a riscv64 processor; see Board.h. */
#ifndef BOARD_RISCV64_H
#define BOARD_RISCV64_H
#if defined(__riscv) && __riscv_xlen == 64

/* Stops the processor for good. */
_Noreturn static inline void board_halt(void) {
  for (;;) __asm__ volatile("csrw sie, zero\n\twfi");
}

/* Ends QEMU with an exit status, by the test device at an address (binding `sifive,test0`): a failure
 * with a status, as a success has none.  The device is not mapped, so paging is switched off.  Returns
 * where there is no such device. */
static inline void board_exit_by_test_device(uintptr_t device, uintptr_t status) {
  enum { FINISHER_FAIL = 0x3333 };
  __asm__ volatile("csrw satp, zero\n\tsfence.vma" : : : "memory");
  *(volatile uint32_t *)device = (uint32_t)(status << 16 | FINISHER_FAIL);
}

/* Ends QEMU with an exit status (RISC-V semihosting; SYS_EXIT for 64 bits, in Arm's, 7.8); an
 * exception where the emulator is not listening.  The three instructions lie in one page. */
_Noreturn static inline void board_exit_emulator(uintptr_t status) {
  enum { SYS_EXIT = 0x18, STOPPED_APPLICATION_EXIT = 0x20026 };
  volatile uintptr_t reason_and_status[2] = {STOPPED_APPLICATION_EXIT, status};
  register uintptr_t operation __asm__("a0") = SYS_EXIT;
  register volatile uintptr_t *arguments __asm__("a1") = reason_and_status;
  __asm__ volatile(
      ".balign 16\n"
      "\t.option push\n"
      "\t.option norvc\n"
      "\tslli x0, x0, 0x1f\n"
      "\tebreak\n"
      "\tsrai x0, x0, 7\n"
      "\t.option pop"
      : "+r"(operation)
      : "r"(arguments)
      : "memory");
  board_halt();
}

/* Writes a character where there is no console that the kernel knows: to firmware (RISC-V SBI, legacy
 * console). */
static inline void board_write_without_console(uint8_t value) {
  register uintptr_t character __asm__("a0") = value;
  register uintptr_t extension __asm__("a7") = 0x01;
  __asm__ volatile("ecall" : "+r"(character) : "r"(extension) : "a1", "memory");
}

/* Switches the machine off by firmware (RISC-V SBI, system reset extension).  The arguments are those
 * of processors that have several ways. */
_Noreturn static inline void board_power_off(bool calls_hypervisor, bool calls_monitor) {
  (void)calls_hypervisor;
  (void)calls_monitor;
  register uintptr_t type __asm__("a0") = 0;
  register uintptr_t reason __asm__("a1") = 0;
  register uintptr_t function __asm__("a6") = 0;
  register uintptr_t extension __asm__("a7") = 0x53525354;
  __asm__ volatile("ecall" : "+r"(type), "+r"(reason) : "r"(function), "r"(extension) : "memory");
  board_halt();
}

/* The number of levels of page tables: 4 with 48 bits of address, 3 with 39. */
static inline uintptr_t board_page_level_count(void) {
  uintptr_t satp;
  __asm__ volatile("csrr %0, satp" : "=r"(satp));
  return satp >> 60 == 9 ? 4 : 3;
}

/* The root of the tables of entry.S: with 39 bits of address there is a level less. */
static inline uintptr_t board_boot_page_root(void) {
  extern char boot_page_root[], boot_page_gigabytes[];
  return (uintptr_t)(board_page_level_count() == 4 ? boot_page_root : boot_page_gigabytes);
}

/* Puts other tables of as many levels in the place of those in use. */
static inline void board_set_page_tables(uintptr_t root) {
  uintptr_t satp;
  __asm__ volatile("csrr %0, satp" : "=r"(satp));
  satp = satp >> 60 << 60 | root >> 12;
  __asm__ volatile("sfence.vma\n\tcsrw satp, %0\n\tsfence.vma" : : "r"(satp) : "memory");
}

/* Whether code may use floating-point registers: entry.S has enabled them if it was compiled for
 * them. */
static inline bool board_enable_floating_point(void) {
#if defined(__riscv_flen)
  return true;
#else
  return false;
#endif
}

/* The instruction that returns from a function. */
typedef uint16_t board_instruction;
#define BOARD_RETURN 0x8082

/* Raises an exception, by an instruction that no processor knows. */
static inline void board_raise_exception(void) { __asm__ volatile("unimp"); }

/* ---- Page tables (see entry.S) ---- */

BOARD_LINKER_ADDRESS(boot_page_tables)
BOARD_LINKER_ADDRESS(boot_page_tables_end)

#endif
#endif
