/* What boot/ and the linker have for the kernel. */
#include <stdint.h>

/* Ends QEMU with an exit status. */
__attribute__((noreturn)) void board_exit(uintptr_t status);

/* Memory for tables of the kernel's. */
static inline uintptr_t board_kernel_tables(void) {
  extern unsigned char kernel_tables[];
  return (uintptr_t)kernel_tables;
}

/* The kernel's image, whose text comes first. */
static inline uintptr_t board_image_start(void) {
  extern unsigned char image_start[];
  return (uintptr_t)image_start;
}
