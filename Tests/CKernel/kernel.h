/* Between the kernel and the machine that it runs on. */
#include <stddef.h>
#include <stdint.h>
#include "bootmem.h"

#define CHECK(condition) do { if (!(condition)) fail("failed: " #condition "\n"); } while (0)

struct range { uint64_t start, end; }; /* of physical addresses; the end is not part of it */

extern char image_start[], image_end[]; /* from the linker script */
extern char stack[], stack_top[];       /* from the start code */

/* The machine calls this, with what its firmware calls usable, in any order. */
__attribute__((noreturn)) void kernel_start(const struct range *usable, unsigned count);

__attribute__((noreturn)) void fail(const char *text);

/* What the machine has: a console, and an end of the run, for the test. */
void machine_put(char character);
__attribute__((noreturn)) void machine_leave(int success);
