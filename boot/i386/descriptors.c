/* SPDX-License-Identifier: MIT */
/* Segment, interrupt and task descriptors (Intel SDM volume 3, chapters 3, 6 and 8). */
#if !__STDC_HOSTED__ && defined(__i386__)

#include "Board.h"

enum {
  EXCEPTION_COUNT = 32,
  TRAP_ENTRY_SIZE = 16,
  DOUBLE_FAULT = 8,
  KERNEL_CODE = 0x08,
  KERNEL_DATA = 0x10,
  KERNEL_TASK = 0x18,
  DOUBLE_FAULT_TASK = 0x20,
};

struct task_state {
  uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2;
  uint32_t cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
  uint32_t es, cs, ss, ds, fs, gs, ldt, io_map;
};

struct table_register {
  uint16_t limit;
  uint32_t base;
} __attribute__((packed));

extern const char trap_entries[];
extern const char double_fault_entry[];

struct task_state kernel_task;
struct task_state double_fault_task;
extern char trap_stack_top[];

static uint64_t segments[5] = {
    0,
    0x00cf9a000000ffff, /* code: 4 GiB from 0, readable */
    0x00cf92000000ffff, /* data: 4 GiB from 0, writable */
};
static uint64_t gates[EXCEPTION_COUNT];

static uint64_t task_descriptor(const struct task_state *task) {
  uint64_t base = (uintptr_t)task;
  uint64_t available_task = 0x89;
  return (sizeof *task - 1) | (base & 0xffffff) << 16 | available_task << 40 |
         (base >> 24) << 56;
}

static uint64_t interrupt_gate(uint64_t entry) {
  uint64_t present_interrupt_gate = 0x8e;
  return (entry & 0xffff) | (uint64_t)KERNEL_CODE << 16 | present_interrupt_gate << 40 |
         (entry >> 16) << 48;
}

static uint64_t task_gate(uint64_t selector) {
  uint64_t present_task_gate = 0x85;
  return selector << 16 | present_task_gate << 40;
}

void board_install_descriptors(void) {
  segments[KERNEL_TASK / 8] = task_descriptor(&kernel_task);
  segments[DOUBLE_FAULT_TASK / 8] = task_descriptor(&double_fault_task);
  double_fault_task = (struct task_state){
      .eip = (uintptr_t)double_fault_entry,
      .eflags = 2,
      .esp = (uintptr_t)trap_stack_top,
      .es = KERNEL_DATA, .cs = KERNEL_CODE, .ss = KERNEL_DATA,
      .ds = KERNEL_DATA, .fs = KERNEL_DATA, .gs = KERNEL_DATA,
      .io_map = sizeof(struct task_state) << 16,
  };
  for (unsigned vector = 0; vector < EXCEPTION_COUNT; vector++)
    gates[vector] = interrupt_gate((uintptr_t)trap_entries + vector * TRAP_ENTRY_SIZE);
  gates[DOUBLE_FAULT] = task_gate(DOUBLE_FAULT_TASK);

  struct table_register segment_table = {sizeof segments - 1, (uintptr_t)segments};
  struct table_register gate_table = {sizeof gates - 1, (uintptr_t)gates};
  __asm__ volatile(
      "lgdt %0\n"
      "ljmp %2, $1f\n"
      "1:\n"
      "movl %3, %%ds\n"
      "movl %3, %%es\n"
      "movl %3, %%fs\n"
      "movl %3, %%gs\n"
      "movl %3, %%ss\n"
      "lidt %1\n"
      "ltr %w4"
      :
      : "m"(segment_table), "m"(gate_table), "i"(KERNEL_CODE), "r"(KERNEL_DATA),
        "r"(KERNEL_TASK)
      : "memory");
}

bool board_enable_paging(uintptr_t directory) {
  struct board_cpuid features;
  uint32_t has_large_pages = 1 << 3; /* CPUID leaf 1, EDX: PSE */
  if (!board_cpuid(1, &features) || (features.edx & has_large_pages) == 0) return false;
  double_fault_task.cr3 = directory;
  uint32_t large_pages = 1 << 4; /* CR4.PSE */
  uint32_t paging_and_write_protection = 1u << 31 | 1 << 16; /* CR0.PG, CR0.WP */
  __asm__ volatile(
      "movl %%cr4, %%eax\n"
      "orl %1, %%eax\n"
      "movl %%eax, %%cr4\n"
      "movl %0, %%cr3\n"
      "movl %%cr0, %%eax\n"
      "orl %2, %%eax\n"
      "movl %%eax, %%cr0\n"
      "jmp 1f\n"
      "1:"
      :
      : "r"(directory), "ri"(large_pages), "ri"(paging_and_write_protection)
      : "eax", "memory");
  return true;
}

#endif
