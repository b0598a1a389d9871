/* SPDX-License-Identifier: MIT */
/* What the kernel asks of an aarch64 processor; see Board.h. */
#ifndef BOARD_AARCH64_H
#define BOARD_AARCH64_H
#if defined(__aarch64__)

/* Stops the processor for good. */
_Noreturn static inline void board_halt(void) {
  for (;;) __asm__ volatile("msr daifset, #0xf\n\twfi");
}

/* Calls the emulator (Arm's semihosting for 64 bits, chapter 3); an exception where there is none. */
static inline void board_call_emulator(uintptr_t function, volatile void *parameters) {
  register uintptr_t operation __asm__("x0") = function;
  register volatile void *arguments __asm__("x1") = parameters;
  __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(arguments) : "memory");
}

/* Ends QEMU with an exit status (7.8, SYS_EXIT for 64 bits). */
_Noreturn static inline void board_exit_emulator(uintptr_t status) {
  enum { SYS_EXIT = 0x18, STOPPED_APPLICATION_EXIT = 0x20026 };
  volatile uintptr_t reason_and_status[2] = {STOPPED_APPLICATION_EXIT, status};
  board_call_emulator(SYS_EXIT, reason_and_status);
  board_halt();
}

/* Writes a character where there is no console that the kernel knows: to the emulator. */
static inline void board_write_without_console(uint8_t value) {
  enum { SYS_WRITEC = 0x03 };
  board_call_emulator(SYS_WRITEC, &value);
}


/* There is no such device on this processor's machines. */
static inline void board_exit_by_test_device(uintptr_t device, uintptr_t status) {
  (void)device;
  (void)status;
}

/* Switches the machine off by PSCI (Arm DEN 0022, SYSTEM_OFF), called as the tree says; where it says
 * nothing the processor stops. */
_Noreturn static inline void board_power_off(bool calls_hypervisor, bool calls_monitor) {
  register uintptr_t function __asm__("x0") = 0x84000008;
  if (calls_hypervisor) __asm__ volatile("hvc #0" : "+r"(function) : : "memory");
  if (calls_monitor) __asm__ volatile("smc #0" : "+r"(function) : : "memory");
  board_halt();
}

/* The number of bits of a physical address, 48 at most (Arm ARM, ID_AA64MMFR0_EL1.PARange). */
static inline uintptr_t board_physical_address_bit_count(void) {
  static const uint8_t counts[] = {32, 36, 40, 42, 44};
  uintptr_t features;
  __asm__("mrs %0, id_aa64mmfr0_el1" : "=r"(features));
  features &= 0xf;
  return features < sizeof counts ? counts[features] : 48;
}

/* Puts other tables in the place of those in use.  Both map the kernel in the same pages, so nothing
 * is amiss between the two instructions. */
static inline void board_set_page_tables(uintptr_t root) {
  __asm__ volatile(
      "dsb sy\n\tmsr ttbr0_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb sy\n\tisb"
      :
      : "r"(root)
      : "memory");
}

/* Whether code may use floating-point and vector registers: entry.S has enabled them if it was compiled
 * for them. */
static inline bool board_enable_floating_point(void) {
#if defined(__ARM_FP)
  return true;
#else
  return false;
#endif
}

/* The instruction that returns from a function. */
typedef uint32_t board_instruction;
#define BOARD_RETURN 0xd65f03c0

/* Raises an exception, by an instruction that no processor knows. */
static inline void board_raise_exception(void) { __asm__ volatile("udf #0"); }

/* ---- Page tables (see entry.S) ---- */

BOARD_LINKER_ADDRESS(boot_page_root)
BOARD_LINKER_ADDRESS(boot_page_tables)
BOARD_LINKER_ADDRESS(boot_page_tables_end)

#endif
#endif
