/* Those of the processor that this is built for; the others are empty. */
#include "../../../../boot/aarch64/memory.S"
#include "../../../../boot/riscv64/memory.S"
