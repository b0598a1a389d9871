# SPDX-License-Identifier: MIT
# Boots with damaged data of loaders and firmware.  Sourced after boots.sh.
# shellcheck shell=bash disable=SC2154

# test_damage ARCH: what loaders and firmware leave, damaged (see Tests/Board/tamper.c).
test_damage() {
  local over='^loader: .* module 0: overlaps .*'
  if has_device_tree "$1"; then return; fi
  if can_boot; then build_tampering "$1"; fi
  check_boot "$1: a module over the kernel" stands_damage "$1" module-over-kernel \
    "$over kernel image" '^  released late, of modules: 0 pages'
  check_boot "$1: a module over page 0" stands_damage "$1" module-at-0 \
    "$over" '^module 0 at 0x00000000: 12288 bytes, sum' '^  released late, of modules: 2 pages'
  check_boot "$1: a module in ROM" stands_damage "$1" module-in-rom \
    '^loader: .* module 0: lies not in usable memory' 'none in usable memory' \
    '^  released late, of modules: 0 pages'
  check_boot "$1: a module where there is no memory" stands_damage "$1" module-beyond-memory \
    '^loader: .* module 0: lies not in usable memory' 'none in usable memory' \
    '^  released late, of modules: 0 pages'
  check_boot "$1: 480 modules of a GiB" stands_damage "$1" modules-alike \
    '^and [0-9]* more reports of this kind' '^module 479 .* not read: too many' \
    '^  released late, of modules: 28640 pages'
  check_boot "$1: modules that overlap" stands_damage "$1" modules-overlapping \
    '^loader: .* module 1: overlaps .* module 0' '^  released late, of modules: 384 pages'
  check_boot "$1: 1024 modules that end before their start" stands_damage "$1" modules-reversed \
    '^and 1008 more reports of this kind'
  check_boot "$1: a module of half the address space, by PVH" stands_damage "$1" pvh \
    '^loader: PVH' '^loader: .* module 0: lies not in usable memory' \
    '^module 0 at 0x01000000: 9223372036854775808 bytes, sum [0-9]* of'
  check_boot "$1: more stretches of nodes than storage" stands_damage "$1" stretches \
    '^nodes: there is storage for 64, .* need 200; all memory is taken for one node' \
    '^summary: nodes=1 '
  check_boot "$1: ACPI's tables in usable memory" stands_damage "$1" stretches '^  [-0-9a-f]* ACPI tables$'
  check_boot "$1: a map of 43690 defects" reports_briefly "$1" map-of-defects \
    'list of memory regions is full'
  test_lengths_and_pointers "$1"
  check_boot "$1: a module larger than memory" prints_and_succeeds --arch "$1" --memory 32M \
    --module "$files/larger" -- '^loader: .* module 0: lies not in usable memory' \
    '^module 0 .*: 67108864 bytes, sum [0-9]* of 3[0-9]* bytes in usable memory' \
    '^  released late, of modules: 7[67][0-9][0-9] pages' '^summary:.* usable=8063 '
}

# test_lengths_and_pointers ARCH: lengths of 0 and 4 GiB, and pointers into nowhere.  Where the kernel
# goes on, it does so with what is left.
test_lengths_and_pointers() {
  local all='^summary: nodes=1 usable=32639 '
  check_boot "$1: a map of 0 bytes: the sizes tell of memory" stands_damage "$1" map-of-0 "$all"
  check_boot "$1: a map of 4 GiB" stands_damage "$1" map-of-4-gib \
    'memory map at .* too large, and read in part only, with a size of: 0xffffffff$' "$all"
  check_boot "$1: a map that is nowhere: the sizes tell of memory" stands_damage "$1" map-nowhere \
    'memory map entry 0 at 0xfffffff0: is cut off; the rest is ignored' "$all"
  check_boot "$1: a map with an entry of 0 bytes" stands_damage "$1" entries-of-0 \
    'memory map entry 0 at .*: is cut off; the rest is ignored' "$all"
  check_boot "$1: a map of ranges of 0 bytes" fails_damaged "$1" ranges-of-0 'no usable page'
  check_boot "$1: a map of all addresses" ends_reported "$1" range-of-everything
  check_boot "$1: a map of memory that is not there" ends_reported "$1" range-nowhere
  check_boot "$1: a map that calls the kernel's pages reserved" stands_damage "$1" kernel-reserved \
    '^  0000000000100000-.* reserved ' '^  0000000000100000-.* kernel image$' \
    '^summary: nodes=1 usable=16[01][0-9][0-9] '
  check_boot "$1: a module of 0 bytes" stands_damage "$1" module-of-0 "$all"
  check_boot "$1: a module of 4 GiB" fails_damaged "$1" module-of-4-gib 'no room for the bitmap'
  check_boot "$1: 4 Gi modules" stands_damage "$1" modules-without-end \
    'module list at .* too large, and read in part only, with a size of: 0xffffffff0$' "$all"
  check_boot "$1: modules that are nowhere" stands_damage "$1" modules-nowhere \
    'module 1 at 0xfffffff0: is out of reach, as are all behind it' "$all"
  check_boot "$1: a table of nodes of 0 bytes" stands_damage "$1" nodes-of-0 \
    'ACPI table at .*: has no such size: 0x0$' "$all"
  check_boot "$1: a table of nodes of 4 GiB" stands_damage "$1" nodes-of-4-gib \
    'ACPI table at .*: has no such size: 0xffffffff$' "$all"
  check_boot "$1: a command line that is nowhere" stands_damage "$1" command-line-nowhere "$all"
  check_boot "$1: boot information that is nowhere" fails_damaged "$1" information-nowhere \
    'has neither memory map nor sizes'
  check_boot "$1: boot information at address 0" fails_damaged "$1" information-at-0 \
    "lies in the BIOS's own data, or no loader left any"
  check_boot "$1: a loader that nobody knows" fails_damaged "$1" magic \
    'is of no loader that is known, its magic number: 0x12345678'
  check_boot "$1: PVH, a map that is nowhere" fails_damaged "$1" pvh-nowhere 'has no entry in reach'
  check_boot "$1: PVH, lists without end" fails_damaged "$1" pvh-without-end \
    'list of memory regions is full'
  check_boot "$1: Multiboot 2, a module over the kernel" stands_damage "$1" multiboot2 \
    '^loader: Multiboot 2$' '^loader: .* module 0: overlaps .* kernel image' "$all"
  check_boot "$1: Multiboot 2, information of 0 bytes" fails_damaged "$1" multiboot2-of-0 \
    'has neither memory map nor sizes'
  check_boot "$1: Multiboot 2, information of 4 GiB" stands_damage "$1" multiboot2-of-4-gib \
    'information at .* too large, and read in part only, with a size of: 0xffffffff$' "$all"
  check_boot "$1: Multiboot 2, a tag of 0 bytes" fails_damaged "$1" tag-of-0 \
    'has neither memory map nor sizes'
  check_boot "$1: Multiboot 2, a tag of 4 GiB" fails_damaged "$1" tag-of-4-gib \
    'has neither memory map nor sizes'
  check_boot "$1: Multiboot 2, entries of 0 bytes" fails_damaged "$1" tag-entries-of-0 \
    'has neither memory map nor sizes'
}

# fails_damaged ARCH NAME TEXT: a run with that damage fails with the text.
fails_damaged() {
  boot_image "$files/tampering-$1" --arch "$1" --append "tamper=$2"
  [ "$status" -eq "$status_failure" ] && grep -q "^error: .*$3" "$log" && ! grep -qx ok "$log"
}

# ends_reported ARCH NAME: a run with damage that no kernel can see, a map that tells of memory that is
# not there, ends, be it well, with a failure or with a trap, and says so.
ends_reported() {
  boot_image "$files/tampering-$1" --arch "$1" --append "tamper=$2"
  case $status in
    "$status_success") grep -qx ok "$log" ;;
    "$status_failure") grep -q '^error: ' "$log" ;;
    "$status_trap") grep -q '^trap: .* at 0x' "$log" ;;
    *) return 1 ;;
  esac
}

# stands_damage ARCH NAME PATTERN…: a run with that damage succeeds, and prints lines like these.
stands_damage() {
  boot_image "$files/tampering-$1" --arch "$1" --append "tamper=$2"
  has_succeeded_with "${@:3}"
}

# reports_briefly ARCH NAME TEXT: a run with that damage fails with the text, and has not said much.
reports_briefly() {
  boot_image "$files/tampering-$1" --arch "$1" --append "tamper=$2"
  [ "$status" -eq "$status_failure" ] && grep -q "^error: .*$3" "$log" &&
    [ "$(wc -l <"$log")" -lt 50 ]
}

# build_tampering ARCH: makes $files/tampering-ARCH, the kernel behind code that damages what the
# loader left (see Tests/Board/tamper.c).
build_tampering() {
  local kernel name
  local -a symbols=()
  kernel=$(kernel_image "$1")
  objcopy -O binary "$kernel" "$files/kernel.bin"
  for name in _start:kernel_entry image_start:kernel_image_start image_end:kernel_image_end; do
    symbols+=("-Wl,--defsym,${name#*:}=0x$(nm "$kernel" | sed -n "s/ . ${name%:*}\$//p")")
  done
  gcc -m32 -march=i486 -mgeneral-regs-only -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding \
    -fno-pic -fno-stack-protector -fno-tree-loop-distribute-patterns -nostdlib -static -no-pie \
    -Wl,--build-id=none,-T,"$root/Tests/Board/tamper.ld" "${symbols[@]}" \
    "-DKERNEL_FILE=\"$files/kernel.bin\"" "$root"/Tests/Board/tamper.[cS] \
    -o "$files/tampering-$1"
}
