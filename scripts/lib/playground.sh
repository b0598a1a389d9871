# SPDX-License-Identifier: MIT
# Building the page on which the allocator runs in a browser.  Sourced after common.sh.
# shellcheck shell=bash

: "${root:?common.sh has to be read before}"

# Memory of WebAssembly with addresses of 64 bits: so it is the allocator of a 64-bit kernel, page numbers
# and all.
readonly playground_triple=wasm64-unknown-none-wasm

# What the module is made of, each after those that it imports.
readonly playground_modules="TextOutput PhysicalMemory MemoryMap MemoryTesting Firmware PageBitmap BootMemory \
PageAllocator KernelHeap RuntimeHeap BootPlan Bootmem BootMemoryTrace TraceReplay MapFiles MemoryReports Playground"

# What the page calls.
readonly -a playground_exports=(start request answer bytes)

playground_folder() {
  case $1 in
    Playground) echo "$root/Sources/Playground/Module" ;;
    MapFiles | MemoryReports) echo "$root/Sources/Tool/Sources/$1" ;;
    *) echo "$root/Sources/$1" ;;
  esac
}

# build_playground FOLDER [COMPILED]: puts the page with all that it needs there.  The module is compiled to
# COMPILED, the same folder if none is named, where a source is newer.
build_playground() {
  local folder=$1 compiled=${2-$1} sources=$root/Sources/Playground fixtures=$root/Tests/Fixtures file
  mkdir -p "$compiled" "$folder/machines" "$folder/traces" "$folder/scenes" "$folder/images"
  if is_stale "$compiled/playground.wasm"; then
    say "compiling the module"
    compile_playground "$compiled/playground.wasm" || return 1
  fi
  [ "$compiled" = "$folder" ] || cp "$compiled/playground.wasm" "$folder"
  cp "$sources"/Page/*.{html,css,js,json} "$folder"
  cp "$sources"/Page/scenes/*.trace "$folder/scenes"
  cp "$root"/Sources/Bootmem/Bootmem.docc/WhatBootMemoryIs.md \
    "$root"/Sources/BootMemory/BootMemory.docc/Defects.md "$folder"
  cp "$root"/Sources/Bootmem/Bootmem.docc/Resources/*.svg "$folder/images"
  while IFS= read -r file; do
    mkdir -p "$folder/machines/$(dirname "$file")"
    cp "$fixtures/$file" "$folder/machines/$file"
  done < <(grep -oE '"(file|nodes)": "[^"]*"' "$sources/Page/machines.json" | cut -d'"' -f4)
  cp "$fixtures"/traces/32/*/*.trace "$folder/traces"
  find "$folder/traces" -name '*.trace' -printf '"%f"\n' | sort | paste -sd, | sed 's/.*/[&]/' >"$folder/traces.json"
}

# is_stale FILE: whether it is missing, or a source is newer.
is_stale() {
  [ ! -e "$1" ] || [ -n "$(find "$root/Sources" "$root/scripts/lib/playground.sh" -type f -newer "$1" \
    \( -name '*.swift' -o -name '*.[ch]' -o -name '*.sh' \) -print -quit)" ]
}

# compile_playground FILE: makes the module.
compile_playground() {
  local file=$1 work clang module name
  local -a sources object flags objects=() exports=() include=(-I "$root/Sources/CRuntimeHeap/include"
    -I "$root/Sources/Playground/Module/include")
  work=$(mktemp -d)
  # -Osize makes wrong code of strings for this triple, in Swift 6.3.
  flags=(-target "$playground_triple" "${whole_module[@]}" -parse-as-library -swift-version 6
    -strict-memory-safety -warnings-as-errors -package-name swift-bootmem -enable-experimental-feature Embedded
    -D BOOTMEM_HEAP -Xfrontend -function-sections -Xfrontend -disable-stack-protector -Xcc -ffreestanding
    -I "$work" "${include[@]}")
  for module in $playground_modules; do
    mapfile -t sources < <(find "$(playground_folder "$module")" -name '*.swift')
    object=(-Onone)
    # What others import is only read by the compiler here: it is optimised where it is used.
    # Of what these two export for C there is code only in their own objects.
    case $module in
      RuntimeHeap | Playground)
        object=(-O -emit-object -o "$module.o")
        objects+=("$work/$module.o")
        ;;
    esac
    # An object has a hash of its path as it is named here: from that folder it is the same each time.
    (cd "$work" && swiftc "${flags[@]}" -module-name "$module" "${sources[@]}" "${object[@]}" -emit-module \
      -emit-module-path "$work/$module.swiftmodule") || { rm -rf "$work" && return 1; }
  done
  clang=$(swift_tool clang)
  for name in Playground/Module/runtime CRuntimeHeap/symbols CRuntimeHeap/ceil; do
    objects+=("$work/$(basename "$name").o")
    "$clang" -target "$playground_triple" -std=c11 -O2 -mbulk-memory -ffreestanding -nostdlibinc \
      -ffunction-sections -Wall -Wextra -Werror "${include[@]}" -c "$root/Sources/$name.c" -o "${objects[-1]}" || {
      rm -rf "$work" && return 1
    }
  done
  for name in "${playground_exports[@]}"; do exports+=("--export=playground_$name"); done
  # 1 GiB: the bitmaps of 16 TiB, of which what is not touched takes no memory.
  "$(swift_tool wasm-ld)" -mwasm64 --no-entry --gc-sections --stack-first --strip-all "${exports[@]}" \
    --initial-memory=$((1 << 30)) -z stack-size=$((1 << 20)) "${objects[@]}" \
    "$(dirname "$(dirname "$(swift_tool swiftc)")")/lib/swift/embedded/$playground_triple/libswiftUnicodeDataTables.a" \
    -o "$file" || { rm -rf "$work" && return 1; }
  rm -rf "$work"
}
