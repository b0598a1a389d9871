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
  check_boot "$1: a module larger than memory" prints_and_succeeds --arch "$1" --memory 32M \
    --module "$files/larger" -- '^loader: .* module 0: lies not in usable memory' \
    '^module 0 .*: 67108864 bytes, sum [0-9]* of 3[0-9]* bytes in usable memory' \
    '^  released late, of modules: 77[0-9][0-9] pages' '^summary:.* usable=8063 '
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
