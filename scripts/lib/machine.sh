# The emulated machine: from the options of scripts/run to QEMU's command line.  Sourced after
# common.sh.
# shellcheck shell=bash

# qemu_command ARCH IMAGE MACHINE MEMORY APPEND [MODULE…]: sets the array `qemu`.
qemu_command() {
  local arch=$1 image=$2 machine=$3 memory=$4 append=$5 modules
  shift 5
  qemu=("qemu-system-$arch" -machine "$machine" -m "$memory" -no-reboot -monitor none
    -serial stdio -net none -device "isa-debug-exit,iobase=0xf4,iosize=4")
  qemu+=(-kernel "$image" -append "$append")
  if [ $# -gt 0 ]; then
    modules=$(IFS=, && echo "$*")
    qemu+=(-initrd "$modules")
  fi
}
