# Traps, and what the kernel's own page tables protect.  Sourced after boots.sh.
# shellcheck shell=bash disable=SC2154

# test_traps ARCH: a deliberate trap is told as such, whatever it is.
test_traps() {
  local board
  if has_device_tree "$1"; then
    test_tree_traps "$1" virt
    if [ "$1" = aarch64 ]; then test_tree_traps aarch64 virt-el2; fi
    return
  fi
  for board in pc microvm isapc; do
    local machine_options=(--arch "$1" --machine "$board")
    check_boot "$1 $board: overflow is reported" \
      traps_as 'invalid opcode' "${machine_options[@]}" --append trap=overflow
    check_boot "$1 $board: page fault is reported" \
      traps_as 'page fault' "${machine_options[@]}" --append trap=page
    check_boot "$1 $board: divide error is reported" \
      traps_as 'divide error' "${machine_options[@]}" --append trap=divide
    check_boot "$1 $board: end of the stack is reported" \
      traps_as 'double fault' "${machine_options[@]}" --append trap=stack
    check_boot "$1 $board: code cannot be written" \
      traps_as 'page fault' "${machine_options[@]}" --append trap=code
    check_boot "$1 $board: page tables cannot be written" \
      traps_as 'page fault' "${machine_options[@]}" --append trap=tables
    check_boot "$1 $board: memory that is not usable cannot be written" \
      traps_as 'page fault' "${machine_options[@]}" --append trap=firmware
    if [ "$1" = x86_64 ]; then
      check_boot "$1 $board: data cannot be executed" executes_no_data "${machine_options[@]}"
    fi
  done
  if [ "$1" = x86_64 ]; then
    check_boot "$1 pc: nothing is writable and executable" protects_all --arch "$1" --memory 6G
    check_boot "$1 q35, 16T: nothing is writable and executable" \
      protects_all --arch "$1" --machine q35 --memory 16T
  fi
}

# executes_no_data OPTION…: a run that traps as it executes data.
executes_no_data() {
  traps_as 'page fault' "$@" --append trap=execute && grep -q '^  by executing 0x' "$log"
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

# test_tree_traps ARCH BOARD: a deliberate trap is told with its cause, address and registers.
test_tree_traps() {
  local store fetch check board=("--arch" "$1" --machine "$2")
  case $1 in
    aarch64) store='data abort' fetch='instruction abort' check='break instruction' ;;
    riscv64) store='store page fault' fetch='instruction page fault' check='\(illegal instruction\|breakpoint\)' ;;
  esac
  check_boot "$1 $2: overflow is reported" traps_at "$check" "a check of Swift's failed there" \
    "${board[@]}" --append trap=overflow
  check_boot "$1 $2: a store through nil is reported" traps_at "$store" \
    'by writing 0x00000010$' "${board[@]}" --append trap=page
  check_boot "$1 $2: end of the stack is reported" traps_at "$store" \
    "by writing 0x[0-9a-f]*: the kernel's stack ran out" "${board[@]}" --append trap=stack
  check_boot "$1 $2: code cannot be written" traps_at "$store" 'by writing 0x[48]0200000$' \
    "${board[@]}" --append trap=code
  check_boot "$1 $2: page tables cannot be written" traps_at "$store" 'by writing 0x[48]02[0-9a-f]*$' \
    "${board[@]}" --append trap=tables
  check_boot "$1 $2: memory that is not mapped cannot be written" traps_at "$store" \
    'by writing 0x[7b]ffffffe$' "${board[@]}" --append trap=unmapped
  check_boot "$1 $2: data cannot be executed" traps_at "$fetch" 'by executing 0x[48]02[0-9a-f]*$' \
    "${board[@]}" --append trap=execute
}

# traps_at NAME TEXT OPTION…: a run that must end in a trap of that name, with TEXT and 32 registers.
traps_at() {
  traps_as "$1" "${@:3}" && grep -q "^  $2" "$log" &&
    [ "$(sed -n '/^trap:/,$p' "$log" | grep -oE ' x[0-9]+ +[0-9a-f]{16}' | wc -l)" -eq 32 ]
}
