/* SPDX-License-Identifier: MIT */
/* The machine as this kernel uses it: entry, console, end. */
#ifndef MACHINE_H
#define MACHINE_H

/* Where the image lies, from the linker script. */
extern unsigned char image_start[], image_end[];
static inline unsigned long machine_image_start(void) { return (unsigned long)image_start; }
static inline unsigned long machine_image_end(void) { return (unsigned long)image_end; }

/* Writes a byte to the serial port.  Swift's traps call it as well, in a debug build. */
int putchar(int byte);

/* Lets code use floating-point registers, as Swift's dictionaries and its tables of Unicode do.  0 where the
 * processor does not have those that it takes. */
int machine_start_floating_point(void);

/* What the Raspberry Pi's firmware leaves to the processor; of no bytes where it does not answer.  Other
 * boards have no such function. */
struct machine_memory { unsigned start, byte_count; };
struct machine_memory machine_memory(void);

/* Ends the run: QEMU's exit status is 33 + 2 * status. */
_Noreturn void machine_exit(unsigned int status);

#endif
