/* Those of the processor that this is built for; the others are empty. */
#include "../../../../boot/aarch64/entry.S"
#include "../../../../boot/riscv64/entry.S"
