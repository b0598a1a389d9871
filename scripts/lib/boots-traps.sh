# SPDX-License-Identifier: MIT
# Traps, and what the kernel's own page tables protect.  Sourced after boots.sh.
# shellcheck shell=bash disable=SC2154

# test_traps ARCH: a deliberate trap is reported as such, with its place, whatever it is.
test_traps() {
  local board
  case $1 in
    i386 | x86_64)
      for board in pc microvm isapc; do
        test_kinds_of_traps "$1 $board" 'invalid opcode' 'divide error' 'page fault' 'page fault' \
          'page fault' 'double fault' --arch "$1" --machine "$board"
      done
      ;;
    aarch64)
      for board in virt virt-el2; do
        test_kinds_of_traps "$1 $board" 'break instruction' 'unknown instruction' 'data abort' \
          'data abort' 'instruction abort' 'data abort' --arch "$1" --machine "$board"
      done
      ;;
    riscv64)
      test_kinds_of_traps "$1 virt" '\(illegal instruction\|breakpoint\)' 'illegal instruction' \
        'store page fault' 'load page fault' 'instruction page fault' 'store page fault' --arch "$1"
      ;;
  esac
  test_execution "$1"
}

# test_kinds_of_traps BOARD CHECK INSTRUCTION STORE LOAD EXECUTION STACK OPTION…: each kind, by the
# names that the processor's exceptions have.
test_kinds_of_traps() {
  local board=$1 check=$2 instruction=$3 store=$4 load=$5 execution=$6 stack=$7
  shift 7
  check_boot "$board: overflow is reported" traps_at overflow "$check" \
    "a check of Swift's failed there" "$@"
  check_boot "$board: an instruction that is refused is reported" traps_at instruction \
    "$instruction" '' "$@"
  check_boot "$board: page 0 cannot be written" traps_at page "$store" \
    'by writing 0x00000010: page 0$' "$@"
  check_boot "$board: page 0 cannot be read" traps_at read "$load" \
    'by reading 0x00000010: page 0$' "$@"
  check_boot "$board: code cannot be written" traps_at code "$store" \
    'by writing 0x[0-9a-f]*: kernel code$' "$@"
  check_boot "$board: constants cannot be written" traps_at constants "$store" \
    'by writing 0x[0-9a-f]*: kernel constants$' "$@"
  check_boot "$board: page tables cannot be written" traps_at tables "$store" \
    'by writing 0x[0-9a-f]*: page tables$' "$@"
  check_boot "$board: memory that is not usable cannot be written" traps_at outside "$store" \
    'by writing 0x[0-9a-f]*: outside of the kernel$' "$@"
  check_boot "$board: end of the stack is reported" traps_at stack "$stack" \
    '.* 0x[0-9a-f]*: guard page of the boot stack$' "$@"
  check_boot "$board: the page below the stack cannot be read" traps_at guard "$load" \
    'by reading 0x[0-9a-f]*: guard page of the boot stack$' "$@"
  check_boot "$board: the page below the stack for traps cannot be read" traps_at trap-guard \
    "$load" 'by reading 0x[0-9a-f]*: guard page of the trap stack$' "$@"
  if [[ $board != i386* ]]; then
    check_boot "$board: data cannot be executed" traps_at execute "$execution" \
      'by executing 0x[0-9a-f]*: kernel variables$' "$@"
  fi
}

# test_execution ARCH: processors whose page tables cannot forbid to execute data, and all page tables
# of one that can.
test_execution() {
  local passes='the processor let pass what should have trapped'
  case $1 in
    i386)
      check_boot "i386: page tables of 32 bits cannot forbid to execute data" fails_with "$passes" \
        --arch i386 --append trap=execute
      ;;
    x86_64)
      check_boot "x86_64: nor can those of a processor without the bit for it" fails_with "$passes" \
        --arch x86_64 --processor qemu64,-nx --append trap=execute
      check_boot "x86_64 pc: nothing is writable and executable" protects_all --arch "$1" --memory 6G
      check_boot "x86_64 q35, 16T: nothing is writable and executable" \
        protects_all --arch "$1" --machine q35 --memory 16T
      ;;
  esac
}

# traps_at WORD NAME TEXT OPTION…: a run that is asked to trap must end in a trap of that name, with
# TEXT, and with all registers where these are written.
traps_at() {
  traps_as "$2" "${@:4}" --append "trap=$1" && grep -q "^  $3" "$log" || return 1
  has_device_tree "$arch" || return 0
  [ "$(sed -n '/^trap:/,$p' "$log" | grep -oE ' x[0-9]+ +[0-9a-f]{16}' | wc -l)" -eq 32 ]
}

# protects_all OPTION…: no page that QEMU finds mapped at the end of a run is both writable (W) and
# executable (no X, which stands for the bit that forbids it); there are such as are the one, and such
# as are the other.
protects_all() {
  local -a qemu
  parse_machine "$@"
  qemu_command "$scratch"
  ask_monitor "$boot_limit" "$scratch/log" "info tlb" "${qemu[@]}" |
    sed -nE 's/^[0-9a-f]{16}: [0-9a-f]{16} ([-A-Z]{9}).*/\1/p' >"$scratch/pages" || return 1
  if grep -q '^[^X].*W$' "$scratch/pages"; then
    echo "pages that are writable and executable: $(grep -c '^[^X].*W$' "$scratch/pages")"
    return 1
  fi
  grep -q '^X.*W$' "$scratch/pages" && grep -q '^[^X]' "$scratch/pages"
}
