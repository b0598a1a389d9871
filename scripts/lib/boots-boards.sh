# SPDX-License-Identifier: MIT
# Boots on every board, by every loader, with little memory and with much.  Sourced after boots.sh.
# shellcheck shell=bash disable=SC2154

# test_functions ARCH: what boot/ has for compilers to call.
test_functions() {
  if ! has_device_tree "$1"; then
    require_multilib
    check "$1: memory functions, and division" functions_agree "$1"
  elif [ -n "$(cross_compiler "$1")" ] && [ -n "$(emulator "$1")" ]; then
    check "$1: memory functions" functions_agree "$1"
  else
    skip "$1: memory functions" "$(cross_install_line "$1")"
  fi
}

# functions_agree ARCH: the functions of boot/ that compilers call, in a program of this host, or of an
# emulated one.
functions_agree() {
  local -a names=() objects=() compile=(gcc -m64) emulate=()
  local name
  case $1 in
    i386) compile=(gcc -m32) ;;
    aarch64 | riscv64) compile=("$(cross_compiler "$1")" -static) emulate=("$(emulator "$1")") ;;
  esac
  for name in memset memcpy memmove memcmp; do names+=("-D$name=board_$name"); done
  "${compile[@]}" -O2 -fno-builtin -c "$root/Tests/Board/functions.c" -o "$files/test.o"
  "${compile[@]}" -ffreestanding "${names[@]}" -c "$root/boot/$1/memory.S" -o "$files/memory.o"
  objects=("$files/test.o" "$files/memory.o")
  if [ "$1" = i386 ]; then
    "${compile[@]}" -O2 -ffreestanding -D__udivdi3=board_udivdi3 -D__umoddi3=board_umoddi3 \
      -c "$root/boot/i386/division.c" -o "$files/division.o"
    objects+=("$files/division.o")
  fi
  "${compile[@]}" "${objects[@]}" -o "$files/functions" &&
    ${emulate[@]+"${emulate[@]}"} "$files/functions"
}

# Command lines that take turns in the matrix.
matrix_words=('' 'some words' 'memtest=1 bootmem_debug' 'memmap=1M$0x41000000 memmap=1M$0x1000000'
  'mem=99x bootmem_record' 'memmap=64K#0x1800000')

# test_boards ARCH: a matrix of boards, sizes of memory and loaders, in which numbers of nodes, command
# lines and numbers of modules take turns, each with another period.
test_boards() {
  local board size loader
  case $1 in
    i386 | x86_64)
      for board in pc q35 microvm isapc; do
        for size in 4M 16M 128M 3G 6G; do
          for loader in multiboot multiboot pvh grub; do test_board "$1" "$board" "$size" "$loader"; done
        done
      done
      ;;
    *)
      for board in virt virt-el2; do
        if [ "$1/$board" = riscv64/virt-el2 ]; then continue; fi
        for size in 8M 16M 100M 128M 1G 3G 6G 64G 1T; do
          test_board "$1" "$board" "$size" tree
          test_board "$1" "$board" "$size" tree
        done
      done
      check_boot "$1 virt: the command line is read" prints_and_succeeds --arch "$1" \
        --append 'one two' -- '^command line: one two$' '^loader: device tree$' \
        ' device tree$' '^  one character is '
      ;;
  esac
}

# test_board ARCH BOARD SIZE LOADER: the next of the matrix, where the board has that loader.
matrix_count=0
test_board() {
  local words nodes=1 count node_counts=(1 2 4)
  local -a options=(--arch "$1" --machine "$2" --memory "$3" --loader "$4")
  # GRUB wants more memory, and a disc drive.
  case $4/$2/$3 in grub/microvm/* | grub/isapc/* | grub/*/4M | grub/*/16M) return ;; esac
  words=${matrix_words[$((matrix_count % ${#matrix_words[@]}))]}
  count=$((matrix_count / 2 % 3))
  # Nodes of 16 MiB and more; those of more than the host has take long to make.
  case $2/$3 in
    pc/128M | q35/128M | virt*/128M | */1G | pc/[36]G | q35/[36]G | virt*/[36]G)
      nodes=${node_counts[$((matrix_count % 3))]}
      ;;
  esac
  matrix_count=$((matrix_count + 1))
  case $3 in *[GT]) words=${words#memtest=1 } ;; esac # it takes long with much memory
  case $4 in pvh | tree) if [ "$count" -eq 2 ]; then count=1; fi ;; esac
  if [ "$nodes" -gt 1 ]; then options+=(--nodes "$nodes"); fi
  if [ "$count" -gt 0 ]; then options+=(--module "$files/large"); fi
  if [ "$count" -gt 1 ]; then options+=(--module "$files/small"); fi
  if [ "$4" = grub ] && ! has_grub bios; then
    skip "$1 $2 $3 $4" "install ${grub_packages[*]}"
    return
  fi
  check_boot "$1 $2 $3, $4, nodes: $nodes, modules: $count, words: ${words:-none}" \
    boots_in_matrix "$nodes" "${options[@]}" --append "$words"
}

# boots_in_matrix NODES OPTION…: a run that must succeed with so many nodes.
boots_in_matrix() { boots_well "${@:2}" && grep -q "^summary: nodes=$1 " "$log"; }

# test_page_sizes ARCH: pages of 16 and 64 KiB, where the processor has them.
test_page_sizes() {
  local size
  local -a options
  if [ "$1" != aarch64 ]; then return; fi
  for size in 64K 16K; do
    if can_boot; then
      (page_size=$size && build_kernel aarch64)
      # Once, before checks that run beside one another ask for it; see judge_plan.
      [ "$size" = 16K ] || "$root/scripts/bootmem" plan --page-size "$size" --help >/dev/null
    fi
    options=(--arch aarch64 --page-size $size)
    check_boot "aarch64, pages of $size" boots_well "${options[@]}"
    check_boot "aarch64, pages of $size: 6G, a command line and a ramdisk" boots_well \
      "${options[@]}" --memory 6G "${one_module[@]}"
    check_boot "aarch64, pages of $size: 1T" boots_well "${options[@]}" --memory 1T
    check_boot "aarch64, pages of $size: four nodes" has_nodes 4 "${options[@]}" --memory 1G \
      --nodes 4
    check_boot "aarch64, pages of $size: pages come and go" keeps_pages 1 "${options[@]}"
    test_kinds_of_traps "aarch64 virt, pages of $size" 'break instruction' 'unknown instruction' \
      'data abort' 'data abort' 'instruction abort' 'data abort' "${options[@]}"
  done
  check_boot "aarch64 in EL2, pages of 64K" boots_well --arch aarch64 --machine virt-el2 \
    --page-size 64K
}

# refused_on BOARD: the kernel of aarch64, which is linked for one place in memory, ends as a failure on a
# board that loads it to another, and says so by the one channel that all boards have, the emulator.
refused_on() {
  local log=$scratch/log status=0
  boot_judged "$boot_limit" "$log" qemu-system-aarch64 -machine "$1" \
    -kernel "$(loader_image aarch64 tree "$scratch")" \
    -semihosting-config enable=on,target=native -display none -serial null || status=$?
  [ "$status" -eq "$status_failure" ] && grep -q '^error: this board loads kernels at another' "$log"
}

# test_processors ARCH: processors, and boards, without what the kernel takes for granted elsewhere.
test_processors() {
  case $1 in
    i386)
      check_boot "i386: no large pages, and so no paging" boots_well --arch i386 \
        --machine isapc --processor 486,-pse
      ;;
    x86_64)
      check_boot "x86_64: data cannot be kept from being executed" boots_well --arch x86_64 \
        --processor qemu64,-nx
      check_boot "x86_64: no pages of a GiB" boots_well --arch x86_64 --memory 6G \
        --processor qemu64,-pdpe1gb
      check_boot "x86_64: pages of a GiB" boots_well --arch x86_64 --memory 6G --processor max
      ;;
    aarch64)
      check_boot "aarch64 raspi3b: a board that loads kernels elsewhere is refused by a message" \
        refused_on raspi3b
      check_boot "aarch64 sbsa-ref: and so is one whose memory is elsewhere" refused_on sbsa-ref
      ;;
    riscv64)
      check_boot "riscv64: 48 bits of address (Sv48)" prints_and_succeeds --arch riscv64 \
        --memory 300G -- '^summary: nodes=1 usable=78643200 '
      check_boot "riscv64: 39 bits of address (Sv39), and memory beyond" boots_with_sv39
      ;;
  esac
}

# boots_with_sv39: QEMU's processors all have Sv48, so the kernel is made to ask for the mode 7, which is
# reserved, in its place (RISC-V privileged architecture, table of satp).  Half of 2^39 bytes is
# mapped to itself; memory begins at 2 GiB.
boots_with_sv39() {
  local image=$scratch/kernel place address offset
  cp "$(kernel_image riscv64)" "$image"
  place=$((0x$(nm "$image" | sed -n 's/ . first_paging_mode$//p')))
  read -r address offset < <(readelf -SW "$image" | sed -nE \
    's/^ *\[ *[0-9]+\] \.text +PROGBITS +([0-9a-f]+) ([0-9a-f]+) .*/\1 \2/p')
  offset=$((place - 0x$address + 0x$offset))
  # c.li t0, 9, and c.li t0, 7.
  [ "$(od -An -tx1 -j "$offset" -N 2 "$image")" = " a5 42" ] ||
    { echo "the mode is not set where it was" && return 1; }
  printf '\x9d\x42' | dd of="$image" bs=1 seek="$offset" conv=notrunc status=none
  boot_image "$image" --arch riscv64 --memory 300G
  has_succeeded_with '^summary: nodes=1 usable=66584576 ' \
    '^beyond the reach of this processor: 12058624 usable pages, 46 GiB$'
}

# test_loaders ARCH: the other ways into the kernel.
test_loaders() {
  if has_device_tree "$1"; then return; fi
  local wide=(--arch "$1" --machine q35 --memory 6G) loader size
  check_boot "$1 pvh" boots_well --arch "$1" --loader pvh
  check_boot "$1 pvh microvm" boots_well --arch "$1" --loader pvh --machine microvm
  check_boot "$1 pvh, 6 GiB and a module" boots_well "${wide[@]}" --loader pvh "${one_module[@]}"
  has_grub bios || install "tests with GRUB" "${grub_packages[@]}"
  if has_grub bios; then
    check_boot "$1 grub" boots_well --arch "$1" --loader grub
    check_boot "$1 grub, Multiboot 1" boots_well --arch "$1" --loader grub1
    check_boot "$1 grub, 6 GiB and two modules" boots_well "${wide[@]}" --loader grub "${two_modules[@]}"
  else
    skip "$1 grub" "install ${grub_packages[*]}"
  fi
  has_uefi || install "tests with UEFI" "${uefi_packages[@]}"
  for loader in grub grub1; do
    for size in 256M 1025M 5G; do
      if has_uefi; then
        check_boot "$1 uefi, $loader, $size" boots_well --arch "$1" --machine q35 --firmware uefi \
          --loader "$loader" --memory "$size"
      else
        skip "$1 uefi, $loader, $size" "install ${uefi_packages[*]}"
      fi
    done
  done
  if has_uefi; then
    check_boot "$1 uefi, pc, two modules" boots_well --arch "$1" --firmware uefi --loader grub \
      --memory 512M "${two_modules[@]}"
  fi
}

# test_large_memory ARCH: more than any host has, and that it costs nothing to have much.
test_large_memory() {
  local size
  case $1 in
    i386)
      check_boot "i386: the first allocation costs the same with 3 GiB as with 16 MiB" \
        grows_little 16M 3G
      ;;
    x86_64)
      for size in 64G 1T 16T; do
        check_boot "x86_64 q35 $size" boots_well --arch x86_64 --machine q35 --memory "$size"
      done
      check_boot "x86_64 q35 16T, 8 nodes" has_nodes 8 --arch x86_64 --machine q35 --memory 16T \
        --nodes 8
      check_boot "x86_64: the first allocation costs the same with 1 TiB as with 1 GiB" \
        grows_little 1G 1T --arch x86_64 --machine q35
      ;;
  esac
}

# first_allocation OPTION…: the instructions up to the first allocation, text and page tables aside.
first_allocation() {
  local -a qemu
  parse_machine "$@"
  qemu_command "$scratch"
  add_no_screen
  boot_judged "$boot_limit" "$scratch/log" "${qemu[@]}" "${qemu_ending[@]}" -icount shift=0 >/dev/null || true
  sed -n 's/^time stamps: first allocation \([0-9]*\),.*/\1/p' "$scratch/log"
}

# grows_little SMALL LARGE OPTION…: whether LARGE memory needs at most 10 % more instructions to the
# first allocation than SMALL.
grows_little() {
  local small large
  small=$(first_allocation --memory "$1" "${@:3}")
  large=$(first_allocation --memory "$2" "${@:3}")
  echo "$1 of memory: $small instructions, $2: $large"
  [ -n "$small" ] && [ -n "$large" ] && [ $((large * 10)) -le $((small * 11)) ]
}
