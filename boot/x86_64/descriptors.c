/* SPDX-License-Identifier: MIT */
/* Segment, interrupt and task descriptors (Intel SDM volume 3, chapters 3, 6 and 8). */
#if !__STDC_HOSTED__ && defined(__x86_64__)

#include "Board.h"

enum {
  EXCEPTION_COUNT = 32,
  TRAP_ENTRY_SIZE = 16,
  DOUBLE_FAULT = 8,
  DOUBLE_FAULT_STACK = 1, /* number in the interrupt stack table */
  KERNEL_CODE = 0x08,
  KERNEL_TASK = 0x18,
};

struct task_state {
  uint32_t reserved0;
  uint64_t privilege_stacks[3];
  uint64_t reserved1;
  uint64_t interrupt_stacks[7];
  uint64_t reserved2;
  uint16_t reserved3, io_map;
} __attribute__((packed));

struct gate {
  uint64_t low, high;
};

struct table_register {
  uint16_t limit;
  uint64_t base;
} __attribute__((packed));

extern const char trap_entries[];

static struct task_state kernel_task;
/* The usual reason for a double fault is that the kernel's stack ran out: it has its own. */
extern char trap_stack_top[];
static struct gate gates[EXCEPTION_COUNT];

static uint64_t segments[5] = {
    0,
    0x00af9a000000ffff, /* 64-bit code */
    0x00cf92000000ffff, /* data */
    /* two words for the task descriptor */
};

static struct gate interrupt_gate(uint64_t entry, uint64_t stack) {
  uint64_t present_interrupt_gate = 0x8e;
  return (struct gate){
      .low = (entry & 0xffff) | (uint64_t)KERNEL_CODE << 16 | stack << 32 |
             present_interrupt_gate << 40 | (entry >> 16 & 0xffff) << 48,
      .high = entry >> 32,
  };
}

void board_install_descriptors(void) {
  kernel_task.interrupt_stacks[DOUBLE_FAULT_STACK - 1] =
      (uintptr_t)trap_stack_top;
  kernel_task.io_map = sizeof kernel_task;
  uint64_t task = (uintptr_t)&kernel_task;
  uint64_t available_task = 0x89;
  segments[KERNEL_TASK / 8] = (sizeof kernel_task - 1) | (task & 0xffffff) << 16 |
                              available_task << 40 | (task >> 24 & 0xff) << 56;
  segments[KERNEL_TASK / 8 + 1] = task >> 32;
  for (unsigned vector = 0; vector < EXCEPTION_COUNT; vector++)
    gates[vector] = interrupt_gate(
        (uintptr_t)trap_entries + vector * TRAP_ENTRY_SIZE,
        vector == DOUBLE_FAULT ? DOUBLE_FAULT_STACK : 0);

  struct table_register segment_table = {sizeof segments - 1, (uintptr_t)segments};
  struct table_register gate_table = {sizeof gates - 1, (uintptr_t)gates};
  /* Code and data segments stay as the entry code has loaded them: they are the same here. */
  __asm__ volatile(
      "lgdt %0\n"
      "lidt %1\n"
      "ltr %w2"
      :
      : "m"(segment_table), "m"(gate_table), "r"(KERNEL_TASK)
      : "memory");
}

#endif
