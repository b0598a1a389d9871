# SPDX-License-Identifier: MIT
# Compiling the Swift modules for bare machines of any processor.  Sourced after common.sh and
# library.sh.
# shellcheck shell=bash

: "${root:?common.sh has to be read before}"

# What a kernel imports of this package, each module after those that it imports; then the kernel.
readonly bare_modules="TextOutput PhysicalMemory MemoryMap MemoryTesting Firmware PageBitmap BootMemory \
PageAllocator PageCaches KernelHeap BootPlan Bootmem MachineSupport SwiftKernel"

# The function that the kernel's image begins with.
readonly bare_entry=SwiftKernel_main

# The memory functions, by the names of C and of the run-time ABI of 32-bit ARM; what Swift's own
# traps print with in a debug build; and what the kernel's other files define.
readonly bare_supplied='mem(set|cpy|move|cmp)|__aeabi_mem(set|cpy|move|clr)[48]?|putchar|'\
'machine_exit|image_(start|end|storage)'

# module_folder MODULE: of this package, of the example, or of the packages that depend on it.
module_folder() {
  local folder
  case $1 in Bootmem*C) module_sources "$1" && return ;; esac
  for folder in Sources Tests/Examples/Swift/Sources Tests/SwiftConsumer/Sources; do
    if [ -d "$root/$folder/$1" ]; then echo "$root/$folder/$1" && return; fi
  done
}

# take_built FOLDER WORK: what the package manager has compiled in debug of these modules, where compile_bare
# would put it, with its objects, one for each source.  Sets package_name to what it calls the package: by the
# clone's folder.
take_built() {
  local module object
  mkdir -p "$2/-Onone"
  package_name=$(sed -nE 's/.*"-module-name","BootMemory",.*"-package-name","(\w+)".*/\1/p' "$1/../../debug.yaml")
  for module in $bare_modules; do
    if [ ! -e "$1/Modules/$module.swiftmodule" ]; then continue; fi
    cp "$1/Modules/$module.swiftmodule" "$2" || return 1
    for object in "$1/$module.build"/*.o; do cp "$object" "$2/-Onone/$module-${object##*/}" || return 1; done
  done
  [ -e "$2/SwiftKernel.swiftmodule" ] || { echo "no kernel was built in $1" && return 1; }
}

# compile_bare TRIPLE LEVEL WORK [FLAG…]: compiles to WORK/LEVEL/*.o at -Onone all modules, and then at -O, of
# these modules, what is linked alone, the kernel and the library for C: the code of others that they run is
# optimised in their own.  What take_built has put there is not compiled again.  What kernels import is compiled
# with the heap forbidden where Swift has that: for 32 bits Swift 6.3 refuses the flag for code of its own,
# UInt64(value) among it.
compile_bare() {
  local triple=$1 level=$2 work=$3 module clang file flag before=
  local -a clang_flags=() # Those of FLAG that are for C too
  local kernel=$root/Tests/Examples/Swift/Sources
  local -a sources heapless=() flags=(-target "$triple" "$level" "${whole_module[@]}"
    -parse-as-library -swift-version 6 -strict-memory-safety -warnings-as-errors
    -package-name "${package_name:-swift-bootmem}"
    -enable-experimental-feature Embedded -Xfrontend -function-sections
    -Xfrontend -disable-stack-protector -Xcc -ffreestanding -I "$work"
    -I "$root/Sources/CBootmem/include" -I "$root/Sources/CPageCaches/include" -I "$kernel/Machine/include"
    -I "$kernel/ImageStorage/include" "${@:4}")
  case $triple in
    aarch64* | riscv64* | x86_64*) heapless=(-Xfrontend -no-allocations) ;;
  esac
  mkdir -p "$work/$level"
  for module in $bare_modules BootmemC; do
    if [ "$level" != -Onone ] && ! is_linked_alone "$module"; then continue; fi
    if [ "$level" = -Onone ] && [ -e "$work/$module.swiftmodule" ]; then continue; fi
    if [ "$module" = BootmemC ]; then heapless=(); fi
    mapfile -t sources < <(find "$(module_folder "$module")" -name '*.swift')
    swiftc "${flags[@]}" ${heapless[@]+"${heapless[@]}"} -module-name "$module" \
      "${sources[@]}" -emit-object -o "$work/$level/$module.o" \
      -emit-module -emit-module-path "$work/$module.swiftmodule" || return 1
  done
  for flag in "${@:4}"; do
    if [ "$before" = -Xcc ]; then clang_flags+=("$flag"); fi
    before=$flag
  done
  clang=$(swift_tool clang)
  for file in "$root"/Sources/CBootmem/*.c; do
    "$clang" -target "$triple" ${clang_flags[@]+"${clang_flags[@]}"} -std=c11 -O2 -ffreestanding -nostdlibinc -Wall -Wextra -Werror \
      -I "$root/Sources/CBootmem/include" -c "$file" \
      -o "$work/$level/C$(basename "$file" .c).o" || return 1
  done
}

# is_linked_alone MODULE: whether it is the kernel, or the library for C: what no module imports.
is_linked_alone() { [ "$1" = SwiftKernel ] || [ "$1" = BootmemC ]; }

# bare_symbols TRIPLE WORK: what an image of WORK/*.o needs that the kernel does not have, one symbol
# a line.
bare_symbols() {
  local work=$2
  local -a link=(ld.lld -static "--entry=$bare_entry")
  case $1 in
    wasm*) link=(wasm-ld --no-entry "--export=$bare_entry") ;;
  esac
  "$(dirname "$(swift_tool ld.lld)")/${link[0]}" "${link[@]:1}" --gc-sections \
    --warn-unresolved-symbols "$work"/*.o -o "$work/image" 2>"$work/link" || {
    cat "$work/link" >&2
    return 1
  }
  [ -s "$work/image" ] || return 1
  sed -n 's/.*undefined symbol: //p' "$work/link" | sort -u | grep -vxE "$bare_supplied" || true
}
