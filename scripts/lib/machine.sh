# The emulated machine: from the options of scripts/run to QEMU's command line.  Sourced after
# common.sh.
# shellcheck shell=bash

# qemu_command ARCH IMAGE MACHINE MEMORY APPEND [MODULE…]: sets the array `qemu`.
qemu_command() {
  local arch=$1 image=$2 machine=$3 memory=$4 append=$5 modules
  shift 5
  qemu=("qemu-system-$arch" -no-reboot -monitor none -serial stdio -net none
    -device "isa-debug-exit,iobase=0xf4,iosize=4")
  if beyond_host "$memory"; then
    # Memory that is only reserved, not taken, and a processor that can address it.
    qemu+=(-cpu "max,phys-bits=48" -machine "$machine,memory-backend=ram" -m "$memory"
      -object "memory-backend-ram,id=ram,size=$memory,reserve=off")
  else
    qemu+=(-machine "$machine" -m "$memory")
    # The default of the old board is a 486.
    if [ "$arch/$machine" = x86_64/isapc ]; then qemu+=(-cpu qemu64); fi
  fi
  qemu+=(-kernel "$image" -append "$append")
  if [ $# -gt 0 ]; then
    modules=$(IFS=, && echo "$*")
    qemu+=(-initrd "$modules")
  fi
}

# beyond_host SIZE: whether that is more than a host may be expected to have.
beyond_host() {
  case $1 in
    *T) true ;;
    *G) [ "${1%G}" -gt 6 ] ;;
    *) false ;;
  esac
}
