# SPDX-License-Identifier: MIT
# Boots with device trees of the test's own, damaged ones and incomplete ones.  Sourced after
# boots.sh.
# shellcheck shell=bash disable=SC2154

# make_tree TREE OPTION…: makes the tree that the board of these options hands over, in that file.
make_tree() {
  local -a qemu qemu_ending
  local tree=$1
  parse_machine "${@:2}"
  start_qemu_command
  "${qemu[@]}" -machine "dumpdtb=$tree.dump" -display none 2>/dev/null
  # Without the room behind it, of which QEMU leaves a MiB.
  dtc -q -I dtb -O dtb -o "$tree" "$tree.dump"
  # OpenSBI reserves what it is in before the kernel gets the tree.
  if [ "$arch" = riscv64 ]; then reserve_for firmware 0 80000000 0 200000; fi
}

# boot_tree TREE OPTION…: boots the kernel with the tree in that file, from 64 MiB into memory on, where
# it is looked for unless `tree_address` says another place; sets `status` and `log` as `boot` does.
boot_tree() {
  local -a qemu qemu_ending
  local image base=0x40000000
  status=0 log=$scratch/log
  parse_machine "${@:2}"
  if [ "$arch" = riscv64 ]; then base=0x80000000; fi
  image=$(kernel_image "$arch")
  "$(swift_tool clang)" -target "$(kernel_triple "$arch")" -fuse-ld=lld -nostdlib -static \
    "-Wl,--defsym=tree_place=$((base + (112 << 20))),-T,$root/Tests/Board/tree.ld" \
    "-DTREE=${tree_address:-$((base + (64 << 20)))}" \
    "-DKERNEL=0x$(nm "$image" | sed -n 's/ . _start$//p')" "$root/Tests/Board/tree.S" \
    -o "$scratch/entry"
  start_qemu_command
  if [ -n "${no_semihosting-}" ]; then qemu_ending+=("${no_semihosting[@]}"); fi
  boot_judged "$boot_limit" "$log" "${qemu[@]}" -kernel "$scratch/entry" \
    -device "loader,file=$image" \
    -device "loader,file=$1,addr=$((base + (64 << 20))),force-raw=on" \
    "${qemu_ending[@]}" -display none || status=$?
}

# test_trees ARCH: trees that are damaged, or lie about the machine.  Each ends in a message and the code
# of failures, or where the kernel can go on, it does so with what is left.
test_trees() {
  local head memory_node console base=0x40000000
  case $1 in
    aarch64) memory_node=/memory@40000000 console=/pl011@9000000 head=4 ;;
    riscv64) memory_node=/memory@80000000 console=/soc/serial@10000000 head=8 base=0x80000000 ;;
    *) return ;;
  esac
  if ! command -v dtc >/dev/null; then install "damaged device trees" device-tree-compiler; fi
  if ! command -v dtc >/dev/null; then
    skip "$1: damaged device trees" "type: sudo apt-get install device-tree-compiler"
    return
  fi
  if can_boot; then make_tree "$files/tree-$1.dtb" --arch "$1"; fi
  check_boot "$1 tree: as it is" tree_stands "$1" '^summary: nodes=1 usable=32768 ' true
  test_headers_of_trees "$1"
  test_places_of_trees "$1" "$base"
  test_memory_of_trees "$1" "$memory_node" "$head"
  test_ramdisks_of_trees "$1" "$head"
  test_consoles_of_trees "$1" "$console" "$head"
  test_ends "$1"
}

# test_headers_of_trees ARCH: fields of the header (Devicetree Specification 0.4, 5.2).
test_headers_of_trees() {
  check_boot "$1 tree: another magic number" tree_fails "$1" 'starts with another number' poke 0 '\0'
  check_boot "$1 tree: a size of 0" tree_fails "$1" 'is smaller than its header' poke 4 '\0\0\0\0'
  check_boot "$1 tree: a size of 4 GiB" tree_fails "$1" 'is larger than 2 MiB' poke 4 '\377\377\377\377'
  check_boot "$1 tree: the structure is nowhere" tree_fails "$1" \
    'structure at .*: does not lie in the tree' poke 8 '\377\377\377\360'
  check_boot "$1 tree: the strings are nowhere" tree_fails "$1" \
    'strings at .*: do not lie in the tree' poke 12 '\377\377\377\360'
  check_boot "$1 tree: the reservations are nowhere" tree_fails "$1" \
    'reservations at .*: do not lie in the tree' poke 16 '\377\377\377\360'
  check_boot "$1 tree: version 1" tree_fails "$1" 'is of a version that is not known: 0x1' \
    poke 20 '\0\0\0\1'
  check_boot "$1 tree: a structure of 0 bytes" tree_fails "$1" 'structure at .*: is cut off' \
    poke 36 '\0\0\0\0'
  check_boot "$1 tree: a structure of 4 GiB" tree_fails "$1" \
    'structure at .*: does not lie in the tree' poke 36 '\377\377\377\377'
}

# test_places_of_trees ARCH BASE: where the loader says that the tree is.
test_places_of_trees() {
  tree_address=0 check_boot "$1 tree: at address 0" tree_fails "$1" "is out of the kernel's reach" true
  tree_address=0xffffffffffff0000 check_boot "$1 tree: at no address" tree_fails "$1" \
    "is out of the kernel's reach" true
  tree_address=$(($2 + 0x4000002)) check_boot "$1 tree: two bytes behind its start" tree_fails "$1" \
    'starts with another number' true
  tree_address=$(($2 + 0x200000)) check_boot "$1 tree: where the kernel is" tree_fails "$1" \
    'starts with another number' true
}

# test_memory_of_trees ARCH NODE HEAD: memory, and what is reserved; HEAD is the first digit of the
# addresses of memory.
test_memory_of_trees() {
  check_boot "$1 tree: memory of 0 bytes" tree_fails "$1" 'no usable page' \
    set_cells "$2" reg 0 "${3}0000000" 0 0
  check_boot "$1 tree: memory that ends behind all addresses" tree_fails "$1" 'no usable page' \
    set_cells "$2" reg ffffffff fff00000 0 200000
  check_boot "$1 tree: memory without its size" tree_fails "$1" 'has no memory' \
    set_cells "$2" reg 0 "${3}0000000" 0
  check_boot "$1 tree: no memory" tree_fails "$1" 'has no memory' remove "$2"
  check_boot "$1 tree: memory out of reach of the kernel" tree_fails "$1" 'no room for ' \
    set_cells "$2" reg 100 0 0 8000000
  check_boot "$1 tree: memory of 4 GiB, of which 128 MiB are there" tree_ends "$1" \
    set_cells "$2" reg 0 "${3}0000000" 1 0
  check_boot "$1 tree: addresses of 9 cells" tree_fails "$1" . set_cells / '#address-cells' 9
  check_boot "$1 tree: addresses of one cell" tree_ends "$1" set_cells / '#address-cells' 1
  check_boot "$1 tree: sizes of no cells" tree_fails "$1" . set_cells / '#size-cells' 0
  check_boot "$1 tree: a reservation without a place is given one" tree_stands "$1" \
    "^  00000000${3}2f00000-00000000${3}2ffffff unmapped memory pool\$" \
    request pool 0 "${3}2000000" 0 1000000
  check_boot "$1 tree: a reservation that fits nowhere is reported" tree_stands "$1" \
    '^device tree reserved memory pool: 0x100000 bytes in .*: there is no such room$' \
    request pool 0 80000 0 1000
  check_boot "$1 tree: the kernel's own pages are reserved" tree_stands "$1" \
    "^  00000000${3}0200000-.* kernel image\$" reserve 0 "${3}0200000" 0 100000
  check_boot "$1 tree: the kernel's own pages are not to be mapped" tree_stands "$1" \
    "^  00000000${3}0200000-.* kernel image\$" reserve_unmapped 0 "${3}0200000" 0 100000
  if [ "$1" = riscv64 ]; then
    check_boot "riscv64 tree: memory that firmware keeps for itself" tree_traps riscv64 \
      'by [a-z]* 0x[0-9a-f]*: outside of the kernel$' remove /reserved-memory/firmware
  fi
  check_boot "$1 tree: memory that can be taken out has no bitmap" hot_pluggable_node_stands "$1"
  check_boot "$1 tree: all memory is reserved" tree_fails "$1" 'no ' reserve 0 0 ffffffff ffffffff
}

# test_ramdisks_of_trees ARCH HEAD
test_ramdisks_of_trees() {
  check_boot "$1 tree: a ramdisk over the kernel" tree_stands "$1" \
    '^loader: .* module 0: overlaps .* kernel image' set_ramdisk 0 "${2}0200000" 0 "${2}0210000"
  check_boot "$1 tree: a ramdisk over the tree" tree_stands "$1" \
    '^loader: .* overlaps ' set_ramdisk 0 "${2}4000000" 0 "${2}4001000"
  check_boot "$1 tree: a ramdisk that ends before its start" tree_stands "$1" \
    '^firmware: device tree ramdisk 0 at .*: ends before its start' set_ramdisk 0 "${2}5000000" 0 "${2}4800000"
  check_boot "$1 tree: a ramdisk of 0 bytes" tree_stands "$1" '^summary: nodes=1 ' \
    set_ramdisk 0 "${2}5000000" 0 "${2}5000000"
  check_boot "$1 tree: a ramdisk that is nowhere" tree_stands "$1" \
    '^loader: .* module 0: lies not in usable memory' set_ramdisk ffffffff fffff000 ffffffff ffffffff
  check_boot "$1 tree: a ramdisk of 4 GiB" tree_stands "$1" \
    '^loader: .* module 0: lies not in usable memory' set_ramdisk 0 "${2}5000000" 1 "${2}5000000"
}

# test_consoles_of_trees ARCH NODE HEAD: a console that is not there, where any other will do, and text
# goes nowhere if there is none.
test_consoles_of_trees() {
  check_boot "$1 tree: a console that is nowhere" tree_stands "$1" \
    'device tree stdout-path at .*: leads to no node' set_text /chosen stdout-path /nowhere
  check_boot "$1 tree: no console" tree_stands "$1" '^summary: nodes=1 ' unset_property /chosen stdout-path
  check_boot "$1 tree: a console by an alias, with its speed" tree_stands "$1" '^summary: nodes=1 ' \
    set_alias "$2"
  check_boot "$1 tree: a console in the kernel" tree_ends_silently "$1" \
    set_cells "$2" reg 0 "${3}0200000" 0 1000
  check_boot "$1 tree: a console in page 0" tree_ends_silently "$1" set_cells "$2" reg 0 0 0 1000
  check_boot "$1 tree: a console at no address" tree_ends_silently "$1" \
    set_cells "$2" reg ffffffff fffff000 0 1000
  check_boot "$1 tree: a console of 4 GiB" tree_ends_silently "$1" \
    set_cells "$2" reg 0 10000000 1 0
}

# test_ends ARCH: machines that cannot be told the status; firmware switches them off, called as the
# tree says.
test_ends() {
  check_boot "$1: firmware switches off without an emulator that listens" switches_off --arch "$1"
  case $1 in
    aarch64)
      check_boot "aarch64: the same by the secure monitor, from EL2" switches_off --arch aarch64 \
        --machine virt-el2
      ;;
    riscv64)
      check_boot "riscv64 tree: no test device, and the emulator is told" tree_stands riscv64 \
        '^summary: nodes=1 ' set_text /soc/test@100000 compatible syscon
      ;;
  esac
}

# switches_off OPTION…: a run that succeeds, but that QEMU is not told so: it ends with status 0.  On
# riscv64 the test device is taken from the tree for it.
switches_off() {
  local -a no_semihosting=(-semihosting-config "enable=off")
  if [ "$2" = riscv64 ]; then
    boot_copy riscv64 set_text /soc/test@100000 compatible syscon
  else
    boot "$@"
  fi
  [ "$status" -eq 0 ] && grep -qx ok "$log" && ! grep -q '^trap:' "$log"
}

# hot_pluggable_node_stands ARCH: a run on a board with two nodes, of which the second one can be taken
# out, shows that, and has both bitmaps in the first one.
hot_pluggable_node_stands() {
  local tree=$scratch/tree.dtb head=4
  local -a options=(--arch "$1" --nodes 2)
  if [ "$1" = riscv64 ]; then head=8; fi
  make_tree "$tree" "${options[@]}"
  fdtput "$tree" "/memory@${head}4000000" hotpluggable
  boot_tree "$tree" "${options[@]}"
  has_succeeded_with '^hot-pluggable memory:$' \
    "^  00000000${head}4000000-00000000${head}7ffffff 64 MiB\$" \
    "^  00000000${head}[0-3][0-9a-f]*-[0-9a-f]* bitmap of node 0\$" \
    "^  00000000${head}[0-3][0-9a-f]*-[0-9a-f]* bitmap of node 1\$"
}

# tree_stands ARCH PATTERN DAMAGE…: a run with a copy of the board's tree, damaged by that command,
# succeeds and prints such a line.
tree_stands() {
  boot_copy "$1" "${@:3}"
  has_succeeded_with "$2"
}

# tree_fails ARCH TEXT DAMAGE…: such a run fails with the text.
tree_fails() {
  boot_copy "$1" "${@:3}"
  [ "$status" -eq "$status_failure" ] && grep -q "^error: .*$2" "$log" && ! grep -qx ok "$log"
}

# tree_traps ARCH PLACE DAMAGE…: such a run traps, and says where.
tree_traps() {
  boot_copy "$1" "${@:3}"
  [ "$status" -eq "$status_trap" ] && grep -q "^  $2" "$log"
}

# tree_ends ARCH DAMAGE…: such a run ends as the kernel wants it, and says how.
tree_ends() {
  boot_copy "$@"
  case $status in
    "$status_success" | "$status_failure" | "$status_trap") grep -qE '^(ok|error: .*|trap: .*)$' "$log" ;;
    *) return 1 ;;
  esac
}

# tree_ends_silently ARCH DAMAGE…: such a run succeeds, without a place for text.
tree_ends_silently() {
  boot_copy "$@"
  [ "$status" -eq "$status_success" ] && ! grep -qx ok "$log"
}

# boot_copy ARCH DAMAGE…: boots with a copy of the board's tree, `tree`, that the command has damaged.
boot_copy() {
  local tree=$scratch/tree.dtb
  cp "$files/tree-$1.dtb" "$tree"
  "${@:2}"
  boot_tree "$tree" --arch "$1"
}

# ---- What damages `tree` ----

# poke OFFSET BYTES: puts bytes, as printf writes them, into the header.
poke() { printf '%b' "$2" | dd "of=$tree" bs=1 "seek=$1" conv=notrunc status=none; }

set_cells() { fdtput -t x "$tree" "$@"; }
set_text() { fdtput -t s "$tree" "$@"; }
unset_property() { fdtput -d "$tree" "$@"; }
remove() { fdtput -r "$tree" "$1"; }

# set_ramdisk START-CELLS END-CELLS
set_ramdisk() {
  set_cells /chosen linux,initrd-start "$1" "$2"
  set_cells /chosen linux,initrd-end "$3" "$4"
}

# set_alias NODE: the console by a name, and options of it.
set_alias() {
  fdtput -p -t s "$tree" /aliases console0 "$1"
  set_text /chosen stdout-path console0:115200n8
}

# reserve_for NAME CELL…
reserve_for() {
  fdtput -p -c "$tree" "/reserved-memory/$1"
  set_cells /reserved-memory '#address-cells' 2
  set_cells /reserved-memory '#size-cells' 2
  fdtput "$tree" /reserved-memory ranges
  set_cells "/reserved-memory/$1" reg "${@:2}"
}

reserve() { reserve_for taken "$@"; }

# request NAME CELL…: asks for a MiB that is not to be mapped, anywhere in the range of these cells.
request() {
  fdtput -p -c "$tree" "/reserved-memory/$1"
  set_cells /reserved-memory '#address-cells' 2
  set_cells /reserved-memory '#size-cells' 2
  fdtput "$tree" /reserved-memory ranges
  fdtput "$tree" "/reserved-memory/$1" no-map
  set_cells "/reserved-memory/$1" size 0 100000
  set_cells "/reserved-memory/$1" alloc-ranges "${@:2}"
}

reserve_unmapped() {
  reserve "$@"
  fdtput "$tree" /reserved-memory/taken no-map
}
