/* SPDX-License-Identifier: MIT */
/* Starting other processors than the one that the kernel was entered on. */
#if !__STDC_HOSTED__ && !defined(__i386__)

#include "Board.h"

/* What the processor that is started finds; see secondary.S.  Registers with the MMU off do not see what
 * is in a cache, so it is written back. */
struct board_secondary {
  uintptr_t stack_top;
  uintptr_t number;
  uintptr_t registers[6]; /* of the processor that starts it */
};
_Alignas(64) struct board_secondary board_secondary;

extern char board_secondary_start[];

#if defined(__riscv)

/* RISC-V SBI, 9: HART_START. */
enum board_start board_start_processor(uintptr_t id, uintptr_t stack_top, uintptr_t number,
    bool calls_hypervisor, uintptr_t low_page) {
  (void)calls_hypervisor;
  (void)low_page;
  board_secondary.stack_top = stack_top;
  board_secondary.number = number;
  __asm__ volatile("csrr %0, satp" : "=r"(board_secondary.registers[0]));
  register uintptr_t hart __asm__("a0") = id;
  register uintptr_t start __asm__("a1") = (uintptr_t)board_secondary_start;
  register uintptr_t opaque __asm__("a2") = (uintptr_t)&board_secondary;
  register uintptr_t function __asm__("a6") = 0;
  register uintptr_t extension __asm__("a7") = 0x48534d;
  __asm__ volatile("fence\n\tecall"
      : "+r"(hart), "+r"(start) : "r"(opaque), "r"(function), "r"(extension) : "memory");
  enum { ALREADY_AVAILABLE = -6 };
  if ((intptr_t)hart == ALREADY_AVAILABLE) return BOARD_START_RUNS;
  return hart == 0 ? BOARD_START_DONE : BOARD_START_FAILED;
}

#elif defined(__aarch64__)

/* Arm DEN 0022 (PSCI), 5.1.4: CPU_ON. */
enum board_start board_start_processor(uintptr_t id, uintptr_t stack_top, uintptr_t number,
    bool calls_hypervisor, uintptr_t low_page) {
  (void)low_page;
  board_secondary.stack_top = stack_top;
  board_secondary.number = number;
  uintptr_t *registers = board_secondary.registers;
  __asm__ volatile("mrs %0, ttbr0_el1" : "=r"(registers[0]));
  __asm__ volatile("mrs %0, tcr_el1" : "=r"(registers[1]));
  __asm__ volatile("mrs %0, mair_el1" : "=r"(registers[2]));
  __asm__ volatile("mrs %0, vbar_el1" : "=r"(registers[3]));
  __asm__ volatile("mrs %0, sctlr_el1" : "=r"(registers[4]));
  __asm__ volatile("mrs %0, cpacr_el1" : "=r"(registers[5]));
  __asm__ volatile("dc civac, %0\n\tdsb sy" : : "r"(&board_secondary) : "memory");
  register uintptr_t function __asm__("x0") = 0xc4000003;
  register uintptr_t target __asm__("x1") = id;
  register uintptr_t start __asm__("x2") = (uintptr_t)board_secondary_start;
  register uintptr_t context __asm__("x3") = (uintptr_t)&board_secondary;
  if (calls_hypervisor)
    __asm__ volatile("hvc #0"
        : "+r"(function), "+r"(target), "+r"(start), "+r"(context) : : "memory");
  else
    __asm__ volatile("smc #0"
        : "+r"(function), "+r"(target), "+r"(start), "+r"(context) : : "memory");
  enum { ALREADY_ON = -4 };
  if ((int32_t)function == ALREADY_ON) return BOARD_START_RUNS;
  return function == 0 ? BOARD_START_DONE : BOARD_START_FAILED;
}

#else

/* The local interrupt controller (Intel SDM volume 3, 11.4 and 11.6): where it is unless somebody moved
 * it; the kernel maps what is no memory read-only. */
static volatile uint32_t *controller(uintptr_t offset) {
  return (volatile uint32_t *)(0xfee00000 + offset);
}

static void wait_microseconds(uint32_t count) {
  /* A processor has fewer than 4000 cycles in one, and this is only ever too long. */
  for (uint64_t end = board_time_stamp() + count * 4000ull; board_time_stamp() < end;)
    __builtin_ia32_pause();
}

static void send(uintptr_t id, uint32_t command) {
  enum { COMMAND = 0x300, TARGET = 0x310, PENDING = 1 << 12 };
  *controller(TARGET) = (uint32_t)id << 24;
  *controller(COMMAND) = command;
  while (*controller(COMMAND) & PENDING) __builtin_ia32_pause();
}

enum board_start board_start_processor(uintptr_t id, uintptr_t stack_top, uintptr_t number,
    bool calls_hypervisor, uintptr_t low_page) {
  enum { ID = 0x20, INIT = 0x4500, START = 0x4600 };
  extern char board_trampoline[], board_trampoline_end[];
  uint32_t low, high;

  (void)calls_hypervisor;
  if (*controller(ID) >> 24 == id) return BOARD_START_RUNS;
  board_secondary.stack_top = stack_top;
  board_secondary.number = number;
  __asm__ volatile("mov %%cr3, %0" : "=r"(board_secondary.registers[0]));
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
  board_secondary.registers[1] = low & ~(1u << 10); /* LMA is not to be written */
  for (char *from = board_trampoline, *to = (char *)low_page; from < board_trampoline_end;)
    *to++ = *from++;
  board_protect_read_only_pages(false);
  send(id, INIT);
  wait_microseconds(10000);
  send(id, START | (uint32_t)(low_page >> 12));
  board_protect_read_only_pages(true);
  return BOARD_START_DONE;
}

#endif
#endif
