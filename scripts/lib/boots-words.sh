# SPDX-License-Identifier: MIT
# Boots with words on the kernel's command line, and machines without something that the demonstration shows.
# Sourced after boots.sh.
# shellcheck shell=bash disable=SC2154

# test_parameters ARCH: Linux's parameters on the kernel's command line, and maps that leave no room.
test_parameters() {
  if has_device_tree "$1"; then
    check_boot "$1: a test of the memory" prints_and_succeeds --arch "$1" --memory 32M \
      --append memtest=2 -- '^memory test: pass 2 of 2$' ' pages are good$'
    check_boot "$1: bootmem_debug prints operations" prints_and_succeeds --arch "$1" \
      --append bootmem_debug -- '^bootmem::alloc_bootmem_bdata nid=0 size='
    check_boot "$1: a bad parameter is reported" prints_and_succeeds --arch "$1" --append mem=99x \
      -- '^command line: mem=99x: .*ignored$'
    check_boot "$1: mem= is an amount, counted from where memory starts" prints_and_succeeds \
      --arch "$1" --memory 512M --append mem=256M -- '^summary: nodes=1 usable=65536 '
    check_boot "$1: no usable memory is an error" fails_with 'no usable page' --arch "$1" \
      --append memmap=exactmap
    return
  fi
  check_boot "$1: bad memory is found and reserved" prints_and_succeeds --arch "$1" --memory 32M \
    --append "memtest=2 memmap=64K@0xd0000000" -- \
    '^memory test: bad pages 00000000d0000000-00000000d000ffff bad memory$' \
    '^memory test: pass 2 of 2$'
  check_boot "$1: a test of 128 MiB with every pattern" prints_and_succeeds --arch "$1" \
    --append memtest -- '^memory test: pass 16 of 16$' '^memory test: 32[0-9]* pages are good$'
  check_boot "$1: bootmem_debug prints operations" prints_and_succeeds --arch "$1" \
    --append bootmem_debug -- '^bootmem::alloc_bootmem_bdata nid=0 size='
  check_boot "$1: a bad parameter is reported" prints_and_succeeds --arch "$1" --append mem=99x -- \
    '^command line: mem=99x: .*ignored$'
  check_boot "$1: no usable memory is an error" fails_with 'no usable page' --arch "$1" \
    --append memmap=exactmap
  check_boot "$1: no room for the bitmap is an error" fails_with 'no room for the bitmap' --arch "$1" \
    --append mem=4K
  check_boot "$1: no room for an allocation is an error" fails_with 'out of memory' --arch "$1" \
    --append mem=8K
}

# test_demonstration ARCH: machines without something that the demonstration shows, which is skipped by name.
test_demonstration() {
  check_boot "$1: memory too small for the kernel is refused" refuses \
    'memory of 1M is too little for a kernel' --arch "$1" --memory 1M
  check_boot "$1: nodes too small for the kernel are refused" refuses \
    'memory of 1M is too little for a kernel' --arch "$1" --nodes 0,1M
  if has_device_tree "$1"; then return; fi
  local none='left out: no such memory is free'
  check_boot "$1: memory below the kernel only" prints_and_succeeds --arch "$1" --append mem=1M -- \
    '^  reserve exclusively: page .* is reserved already; pages .*: '
  check_boot "$1: memory from 16 MiB on only" prints_and_succeeds --arch "$1" \
    --append "memmap=exactmap memmap=64M@16M" -- "^  below 2 MiB  *$none\$" \
    '^  reserve exclusively: page .* is reserved already: the bitmap of node 0$'
  check_boot "$1: a dozen pages" prints_and_succeeds --arch "$1" --append mem=48K -- \
    "^  64 KiB aligned to 64 KiB  *$none\$"
  check_boot "$1: a first node without memory" has_nodes 2 --arch "$1" --machine q35 --nodes 0,128M
  if has_uefi; then
    check_boot "$1: memory too small for UEFI is refused" refuses 'memory of 63M is too little' \
      --arch "$1" --firmware uefi --loader grub --memory 63M
  fi
}

# test_debugging ARCH: the ledger's debug mode finds what was written where it should not be.
test_debugging() {
  check_boot "$1: debug mode: nothing is wrong" prints_and_succeeds --arch "$1" --append debug=on -- \
    '^memory check: nothing is wrong$' '^  low, 1000 bytes  *0x[0-9a-f]*$'
  check_boot "$1: debug mode: a write behind the end" is_found behind --arch "$1" -- \
    '^memory check: 0x41 instead of 0xbd at 0x[0-9a-f]*, behind the end of array of 100 bytes$'
  check_boot "$1: debug mode: a write after the free" is_found freed --arch "$1" -- \
    '^memory check: 0x41 instead of 0x6b at 0x[0-9a-f]*, freed by page of the one before$'
}

# is_found WORD OPTION… -- PATTERN: a run with that write prints such a line, and ends as a failure.
is_found() {
  fails_with 'memory was written to that is not the writer' "${@:2:$#-3}" --append "debug=$1" &&
    grep -q "${*: -1}" "$log"
}

# test_records ARCH: what a run records replays on the host.
test_records() {
  local little=4M
  if has_device_tree "$1"; then little=8M; fi
  check_boot "$1: a recorded run replays" replays --arch "$1"
  check_boot "$1: a recorded run with three nodes and a module replays" replays --arch "$1" \
    --nodes 64M,32M,64M --module "$files/large"
  check_boot "$1: a recorded run of $little replays" replays --arch "$1" --memory "$little"
  check_boot "$1: a recorded run of 3 GiB replays" replays --arch "$1" --memory 3G
  check_boot "$1: the tool reads the map that the kernel prints" \
    prints_a_map_to_read --arch "$1" --memory 3G
}
