# SPDX-License-Identifier: MIT
# Building the kernel and booting it under QEMU.  Sourced after common.sh.
# shellcheck shell=bash

: "${root:?common.sh has to be read before}"

# How the kernel ends a run, as QEMU's exit status (see Outcome in Sources/Kernel), on every processor.
readonly status_success=33 status_failure=35 status_trap=37

# The size of the kernel's pages, as --page-size says.
page_size=4K

# page_shift SIZE: log2 of a size of pages, one that can be compiled for.
page_shift() {
  case $1 in
    4K) echo 12 ;;
    16K) echo 14 ;;
    64K) echo 16 ;;
    *) die "unknown page size '$1': 4K, 16K and 64K are known" ;;
  esac
}

# page_size_condition SIZE: how modules and C are compiled for it, an option or nothing.
page_size_condition() { if [ "$1" != 4K ]; then echo "-DBOOTMEM_PAGE_SIZE_$1"; fi; }

# Which kernel is meant: the one without a heap, or `-heap`, the one that has Swift's own collections.
kernel_kind=''

# choose_kernel WORDS: takes the one that can do what its command line asks for.
choose_kernel() {
  case " $1 " in
    *" heap "*) kernel_kind=-heap ;;
    *) kernel_kind='' ;;
  esac
}

# kernel_folder ARCH: where the kernels with pages of that size are built; the one with a heap in a folder
# of its own where its code uses other registers, and so nothing is alike.
kernel_folder() {
  local size=-$page_size kind=''
  if [ "$size" = -4K ]; then size=''; fi
  if has_device_tree "$1"; then kind=$kernel_kind; fi
  echo "$builds/.build-$1$kind$size"
}

# kernel_configuration: release; debug with pages of 16 or 64 KiB, as those kernels are for a boot or two and take
# half of the time to build.
kernel_configuration() { if [ "$page_size" = 4K ]; then echo release; else echo debug; fi; }

# kernel_image ARCH: the path of the built image.
kernel_image() { echo "$(kernel_folder "$1")/$(kernel_triple "$1")/$(kernel_configuration)/$(kernel_product)"; }

# kernel_product: what the package manager calls the kernel of that kind.
kernel_product() { if [ -n "$kernel_kind" ]; then echo KernelWithHeap; else echo Kernel; fi; }

# heap_options ARCH: what the kernel with a heap is built with, one a line: Swift's tables of Unicode are
# a library of their own.
heap_options() {
  local swift
  swift=$(dirname "$(dirname "$(swift_tool swiftc)")")
  printf '%s\n' -Xlinker \
    "$swift/lib/swift/embedded/$(kernel_triple "$1")/libswiftUnicodeDataTables.a"
}

# loader_image ARCH LOADER SCRATCH: the image in the form that QEMU or GRUB takes, made from the built
# one in the folder SCRATCH.
loader_image() {
  local image made=$3/kernel
  image=$(kernel_image "$1")
  case $2 in
    # QEMU takes no ELF64 image by Multiboot, so it is wrapped as ELF32.
    multiboot) objcopy -O elf32-i386 "$image" "$made" ;;
    # QEMU prefers Multiboot where the image has its header.  The header's segment stays as it is.
    pvh) objcopy --remove-section .multiboot1 "$image" "$made" 2>/dev/null ;;
    grub | grub1) made=$image ;;
    tree)
      # A raw image is taken for Linux's, which gets the tree.  The tool that comes with Swift knows
      # every processor.
      if [ "$1" = aarch64 ]; then
        "$(swift_tool llvm-objcopy)" -O binary "$image" "$made"
      else
        made=$image
      fi
      ;;
  esac
  echo "$made"
}

kernel_triple() {
  case $1 in
    i386) echo i686-unknown-none-elf ;;
    x86_64) echo x86_64-unknown-none-elf ;;
    aarch64) echo aarch64-none-none-elf ;;
    riscv64) echo riscv64-none-none-eabi ;;
    *) die "unknown architecture '$1': i386, x86_64, aarch64 and riscv64 are known" ;;
  esac
}

# has_device_tree ARCH: whether its board is described by a device tree.
has_device_tree() { [ "$1" = aarch64 ] || [ "$1" = riscv64 ]; }

# build_kernel ARCH: builds what is stale.
build_kernel() {
  local arch=$1 image condition toolset=scripts/toolsets/$1.json started=$SECONDS
  local -a options=(-c "$(kernel_configuration)")
  require_command swift "(see https://swift.org/install)"
  image=$(kernel_image "$arch")
  # The package manager does not know that the image depends on the linker scripts.
  if [ -n "$(find "$root/linker" -name '*.ld' -newer "$image" 2>/dev/null)" ]; then
    rm -f "$image"
  fi
  if [ -n "$kernel_kind" ]; then
    mapfile -t -O 2 options < <(heap_options "$arch")
    # Where its code uses registers that the other kernel leaves alone.
    if has_device_tree "$arch"; then toolset=scripts/toolsets/$arch-heap.json; fi
  fi
  condition=$(page_size_condition "$page_size")
  if [ -n "$condition" ]; then options+=(-Xswiftc "$condition" -Xcc "$condition" "${once_in_debug[@]}"); fi
  say "building the $arch kernel${kernel_kind:+ with a heap}"
  (cd "$root" && shown_on_failure build_dependent --package-path Sources/Kernel \
    --triple "$(kernel_triple "$arch")" --toolset "$toolset" --scratch-path "$(kernel_folder "$arch")" \
    --product "$(kernel_product)" "${options[@]}") || die "the build failed"
  say "built in $(seconds_since "$started") s: ${image#"$builds/"}"
}

# boot_judged LIMIT LOG COMMAND…: runs QEMU, passes its serial output through and keeps it in LOG.
# Ends with QEMU's exit status, or 124 if the time limit of LIMIT seconds struck.
boot_judged() {
  local limit=$1 log=$2 status=0
  shift 2
  timeout --foreground "$limit" "$@" </dev/null 2>&1 | sed -u 's/\r$//' | tee "$log" ||
    status=${PIPESTATUS[0]}
  return "$status"
}

# ask_monitor LIMIT LOG QUESTION COMMAND…: runs QEMU without the device that ends it, waits until the
# kernel has printed `ok` to LOG, and passes on what QEMU's monitor answers.  Fails if the kernel did
# not say so within LIMIT seconds.
ask_monitor() {
  local limit=$1 log=$2 question=$3 tenth
  shift 3
  rm -f "$log"
  {
    for ((tenth = 0; tenth < limit * 10; tenth++)); do
      if grep -q '^ok' "$log" 2>/dev/null; then break; fi
      sleep 0.1
    done
    echo "$question"
    echo quit
  } | "$@" -display none -monitor stdio -serial "file:$log"
  grep -q '^ok' "$log"
}

# succeeded STATUS LOG: whether the run ended as success and said so.
succeeded() { [ "$1" -eq "$status_success" ] && grep -qx ok "$2"; }

# describe_status STATUS: in words.
describe_status() {
  case $1 in
    "$status_success") echo "success" ;;
    "$status_failure") echo "the kernel reported a failure" ;;
    "$status_trap") echo "the kernel trapped" ;;
    0) echo "the machine was reset or shut down" ;;
    124) echo "the time limit struck" ;;
    *) echo "QEMU ended with status $1" ;;
  esac
}

# locate_trap IMAGE LOG: names the source line of a trap, where llvm-symbolizer is there.
locate_trap() {
  local address
  address=$(sed -n 's/^trap: .* at \(0x[0-9a-f]*\),.*/\1/p' "$2" | head -n 1)
  if [ -z "$address" ] || ! command -v llvm-symbolizer >/dev/null; then return 0; fi
  say "the trap's place in the source:"
  llvm-symbolizer --obj="$1" "$address" | sed '/^$/d; s/^/  /' >&2
}
