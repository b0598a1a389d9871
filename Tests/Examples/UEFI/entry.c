/* SPDX-License-Identifier: MIT */
/* Where the firmware enters: UEFI's calls, up to the last that it answers, and what the kernel has from
 * then on instead of the firmware's. */
#include <stddef.h>

#include "Machine.h"
#include "efi.h"

_Alignas(16) unsigned char storage[STORAGE_SIZE];

/* Stack and page tables of the firmware lie in memory that is usable when boot services have ended. */
static _Alignas(16) unsigned char stack[64 * 1024];
static _Alignas(4096) uint64_t root[512], gigabytes[512], megabytes[64 * 512];

static _Alignas(8) unsigned char map[64 * 1024];
static uint64_t map_byte_count, descriptor_byte_count;

static void say(const char *text)
{
  while (*text != 0) putchar(*text++);
}

static _Noreturn void start(void) { kernel_main((uint64_t)map, map_byte_count, descriptor_byte_count); }

/* The first 64 GiB at their own addresses, in pages of 2 MiB. */
static void fill_page_tables(void)
{
  root[0] = (uint64_t)gigabytes + 3; /* present, writable */
  for (uint64_t i = 0; i < 64; i++) gigabytes[i] = (uint64_t)(megabytes + 512 * i) + 3;
  for (uint64_t i = 0; i < 64 * 512; i++) megabytes[i] = (i << 21) + 0x83; /* and large */
}

efi_status efi_main(efi_handle image, struct efi_system_table *system)
{
  efi_status status = 1;
  uint64_t key;
  uint32_t version;

  if ((uint64_t)stack >= machine_reach) {
    say("the image lies beyond what will be mapped\n");
    machine_exit(1);
  }
  /* The map may change until the call that ends boot services; a call that fails may change it. */
  for (int tries = 0; tries < 4 && status != 0; tries++) {
    map_byte_count = sizeof map;
    status = system->boot_services->get_memory_map(
      &map_byte_count, map, &key, &descriptor_byte_count, &version);
    if (status == 0) status = system->boot_services->exit_boot_services(image, key);
  }
  if (status != 0) {
    say("boot services do not end\n");
    machine_exit(1);
  }
  fill_page_tables();
  __asm__ volatile(
    "cli; movq %0, %%cr3; movq %1, %%rsp; xorl %%ebp, %%ebp; subq $40, %%rsp; jmpq *%2"
    : : "r"(root), "r"(stack + sizeof stack), "r"(start) : "memory");
  __builtin_unreachable();
}

/* ---- What compilers call ---- */

/* Keeps a loop from being compiled into a call of the very function that it is in. */
#define THIS_IS_NO_IDIOM __asm__ volatile("" : : : "memory")

void *memset(void *to, int byte, size_t count)
{
  for (unsigned char *place = to; count > 0; count--) {
    *place++ = (unsigned char)byte;
    THIS_IS_NO_IDIOM;
  }
  return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
  unsigned char *place = to;

  for (const unsigned char *source = from; count > 0; count--) {
    *place++ = *source++;
    THIS_IS_NO_IDIOM;
  }
  return to;
}

void *memmove(void *to, const void *from, size_t count)
{
  unsigned char *end = (unsigned char *)to + count;

  if ((size_t)to - (size_t)from >= count) return memcpy(to, from, count);
  for (const unsigned char *source = (const unsigned char *)from + count; count > 0; count--) {
    *--end = *--source;
    THIS_IS_NO_IDIOM;
  }
  return to;
}

/* ---- The machine ---- */

int putchar(int byte)
{
  __asm__ volatile("outb %b0, %w1" : : "a"(byte), "d"(0x3f8));
  return byte;
}

void machine_exit(uint32_t status)
{
  __asm__ volatile("outl %0, %w1" : : "a"(16 + status), "d"(0xf4)); /* QEMU doubles it, and adds 1 */
  for (;;) __asm__ volatile("cli; hlt");
}
