/* Those of the processor that this is built for; the others are empty. */
#include "../../../../boot/aarch64/traps.S"
#include "../../../../boot/riscv64/traps.S"
