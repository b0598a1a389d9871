# The page allocator's part of libbootmem.a: an object of its own, which only kernels link that call
# it.  Sourced after library.sh.
# shellcheck shell=bash

# pages_names: the functions that the header declares.
pages_names() {
  sed -n 's/^BOOTMEM_CALL .*[ *]\([a-z_]*\)(.*/\1/p' \
    "$root/Sources/CBootMemory/include/bootmem_pages.h"
}

# What it refers to in the core.
readonly -a pages_core_names=(bootmem_core bootmem_the_state bootmem_mem{set,cpy,move,cmp})

# make_pages_object ARCH PREFIX WORK: compiles and links members/bootmem_pages.o.
make_pages_object() {
  local arch=$1 prefix=$2 work=$3 name clang module
  local -a undefined=() memory_names=()
  clang=$(swift_clang)
  mkdir -p "$work/pages"
  for module in PageAllocator PageAllocatorC; do
    local -a compile=(swiftc "${swift_flags[@]}" -module-name "$module" -I "$work"
      -I "$root/Sources/CBootMemory/include" "$root/Sources/$module"/*.swift)
    if [ "$module" = PageAllocator ]; then
      "${compile[@]}" -emit-module -emit-module-path "$work/$module.swiftmodule"
    else
      "${compile[@]}" -emit-ir -o "$work/pages.ll"
    fi
  done
  compile_library_code "$work/pages.ll" "$work/pages/code.o"
  "$clang" "${c_flags[@]}" -Wno-unused-command-line-argument \
    -c "$root/Sources/CBootMemory/pages.c" -o "$work/pages/state.o"
  if [ "$arch" = i386 ]; then
    for name in division shift; do
      "$clang" "${c_flags[@]}" -Wno-unused-command-line-argument -c "$root/boot/i386/$name.c" \
        -o "$work/pages/$name.o"
    done
  fi
  for name in memset memcpy memmove memcmp; do
    memory_names+=(--redefine-sym "$name=bootmem_$name")
  done
  mapfile -t undefined < <(pages_names)
  {
    pages_names
    printf '%s\n' "${pages_core_names[@]}"
  } | sed "s/.*/& $prefix&/" >"$work/pages/renamed"
  pages_names | sed "s/^/$prefix/" >"$work/pages/kept"
  ld -m "$linker_emulation" -r --gc-sections -T "$root/linker/library.ld" \
    "${undefined[@]/#/--undefined=}" "$work"/pages/*.o -o "$work/pages/merged"
  objcopy "${memory_names[@]}" "$work/pages/merged"
  objcopy --redefine-syms="$work/pages/renamed" "$work/pages/merged"
  objcopy --strip-unneeded --keep-global-symbols="$work/pages/kept" "$work/pages/merged" \
    "$work/members/${prefix}bootmem_pages.o"
}
