# Building libbootmem.a.  Sourced after common.sh.
# shellcheck shell=bash

# The modules that the library is made of, each after those that it imports.
readonly library_modules="TextOutput PhysicalMemory BootMemory BootMemoryC"

# library_output PREFIX: the folder of the results.
library_output() { echo "$root/build${1:+/$1}"; }

# library_names: the names that the header declares with linkage, one a line.
library_names() {
  sed -n -e 's/^BOOTMEM_CALL .*[ *]\([a-z_]*\)(.*/\1/p' -e 's/^extern .* \([a-z_]*\);$/\1/p' \
    "$root/Sources/CBootMemory/include/bootmem.h"
}

# library_variables: those of them that are variables.
library_variables() {
  sed -n 's/^extern .* \([a-z_]*\);$/\1/p' "$root/Sources/CBootMemory/include/bootmem.h"
}

# library_linux_functions: those of them that are functions of Linux's.
library_linux_functions() {
  library_names | grep -vxF "$(library_variables)" | grep -v '^bootmem_[^b]'
}

# build_library ARCH PREFIX: builds everything anew; that takes seconds.
build_library() {
  local arch=$1 prefix=$2 work output started=$SECONDS
  output=$(library_output "$prefix")
  work=$root/build/.work/$arch${prefix:+-$prefix}
  rm -rf "$work"
  mkdir -p "$work" "$output/$arch" "$output/include"
  library_flags "$arch"
  compile_library_core "$arch" "$work"
  make_library_object "$arch" "$prefix" "$work"
  make_library_members "$prefix" "$work"
  rm -f "$output/$arch/libbootmem.a"
  (cd "$work/members" && ar Drcs "$output/$arch/libbootmem.a" -- *.o)
  prefix_library_header "$prefix" <"$root/Sources/CBootMemory/include/bootmem.h" \
    >"$output/include/bootmem.h"
  rm -rf "$work"
  say "built in $((SECONDS - started)) s: ${output#"$root/"}/$arch/libbootmem.a"
}

# library_flags ARCH: sets the arrays swift_flags and c_flags, and linker_emulation.
library_flags() {
  local triple
  local -a machine=(-mno-mmx -mno-sse -mno-sse2 -msoft-float)
  case $1 in
    i386)
      triple=i686-unknown-none-elf linker_emulation=elf_i386
      # Bound to its place: what is independent of it needs a GOT on this processor.
      machine+=(-march=i486 -fno-pic)
      ;;
    x86_64)
      triple=x86_64-unknown-none-elf linker_emulation=elf_x86_64
      # Relative to the instruction throughout: it links at any address, below 2 GiB or in the
      # upper half, into a position-independent kernel or another.
      machine+=(-mno-red-zone -fPIE)
      ;;
  esac
  c_flags=(-target "$triple" -std=c11 -Os "${machine[@]}" -ffreestanding -fno-builtin
    -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables -fno-addrsig
    -ffunction-sections -fdata-sections -I "$root/Sources/CBootMemory/include"
    -Wall -Wextra -Werror)
  # Exclusive access needs no check at run time: no callback may call the library.
  swift_flags=(-target "$triple" -enable-experimental-feature Embedded -wmo -parse-as-library -Osize
    -swift-version 6 -package-name swift-bootmem -strict-memory-safety -warnings-as-errors -enforce-exclusivity=unchecked
    -Xfrontend -function-sections -Xfrontend -disable-stack-protector
    -Xcc -ffreestanding -Xcc -fvisibility=hidden)
  # Functions alike but for a constant stay apart where there is room: as one they take longer.
  if [ "$1" = x86_64 ]; then swift_flags+=(-Xllvm -swiftmergefunc-threshold=0); fi
  local flag
  for flag in "${machine[@]}"; do swift_flags+=(-Xcc "$flag"); done
}

# swift_clang: the compiler that knows the intermediate code of this Swift's.
swift_clang() { echo "$(dirname "$(readlink -f "$(command -v swiftc)")")/clang"; }

# compile_library_core ARCH WORK: compiles the Swift modules, and the C sources that they call.
compile_library_core() {
  local arch=$1 work=$2 clang module source
  clang=$(swift_clang)
  for module in $library_modules; do
    local -a compile=(swiftc "${swift_flags[@]}" -module-name "$module" -I "$work"
      -I "$root/Sources/CBootMemory/include" "$root/Sources/$module"/*.swift)
    if [ "$module" != BootMemoryC ]; then
      "${compile[@]}" -emit-module -emit-module-path "$work/$module.swiftmodule"
    else
      # The last module takes what it needs of the others into its own code.  The compiler's own
      # back end would make code for i386 that needs a GOT, so clang's makes it.
      "${compile[@]}" -emit-ir -o "$work/core.ll"
    fi
  done
  # What was taken in is not shared with anything: only this lets the optimiser inline it.  Nor do
  # functions of C's differ from Swift's in what they may call, though they are marked so; and
  # nothing looks for frame pointers.
  sed -i -E -e '/^@llvm\.used = /d' \
    -e 's/^define (linkonce_odr|weak_odr|protected) (hidden |protected )?(swiftcc|fastcc)/define internal \3/' \
    -e 's/ "no-builtins"//; s/"frame-pointer"="all"/"frame-pointer"="none"/' "$work/core.ll"
  "$clang" "${c_flags[@]}" -Wno-override-module -Wno-unused-command-line-argument \
    -c "$work/core.ll" -o "$work/core.o"
  # What compilers call: memory functions, and on i386 64-bit arithmetic.
  for source in "$root"/Sources/CBootMemory/{state,clear}.c "$root/boot/$arch/memory.S" \
    "$root"/boot/i386/{division,shift}.c; do
    "$clang" "${c_flags[@]}" -Wno-unused-command-line-argument -c "$source" \
      -o "$work/$(basename "$source").o"
  done
}

# make_library_object ARCH PREFIX WORK: links the core into the one object members/bootmem.o.
#
# The functions of Linux's are known in it by private names, and so are the memory functions: a
# kernel's own may have another calling convention.
make_library_object() {
  local prefix=$2 work=$3 name object
  local -a undefined=() memory_names=()
  for name in memset memcpy memmove memcmp; do
    memory_names+=(--redefine-sym "$name=bootmem_$name")
    undefined+=("bootmem_$name")
  done
  for object in "$work"/*.o; do objcopy "${memory_names[@]}" "$object"; done
  mapfile -t -O "${#undefined[@]}" undefined < <(library_names | grep -vxF "$(library_variables)")
  # What other members and kernels refer to, by the names that it has here and those that it gets.
  {
    for name in $(library_linux_functions); do echo "$name bootmem_linux_$name"; done
    library_names | grep -vxF "$(library_linux_functions)" | sed 's/.*/& &/'
    printf 'bootmem_%s bootmem_%s\n' mem{set,set,cpy,cpy,move,move,cmp,cmp}
  } | sed "s/ / $prefix/" >"$work/renamed"
  cut -d' ' -f2 "$work/renamed" >"$work/kept"
  mkdir -p "$work/members"
  ld -m "$linker_emulation" -r --gc-sections -T "$root/linker/library.ld" \
    "${undefined[@]/#/--undefined=}" "$work"/*.o -o "$work/merged.o"
  objcopy --redefine-syms="$work/renamed" "$work/merged.o"
  objcopy --strip-unneeded --keep-global-symbols="$work/kept" "$work/merged.o" \
    "$work/members/${prefix}bootmem.o"
}

# make_library_members PREFIX WORK: a member for each name of Linux's, and for each memory function.
make_library_members() {
  local prefix=$1 work=$2 name clang
  clang=$(swift_clang)
  for name in $(library_linux_functions); do
    jump_member "" "$prefix$name" "${prefix}bootmem_linux_$name" "$work"
  done
  for name in memset memcpy memmove memcmp; do
    jump_member .weak "$name" "${prefix}bootmem_$name" "$work"
  done
  for name in $(library_variables); do
    "$clang" "${c_flags[@]}" -fvisibility=default -fno-data-sections \
      -DBOOTMEM_ONLY -DBOOTMEM_ONLY_"$name" -c "$root/Sources/CBootMemory/variables.c" \
      -o "$work/members/$name.o"
    objcopy --remove-section=.comment --remove-section=.note.GNU-stack \
      --redefine-sym "$name=$prefix$name" "$work/members/$name.o" "$work/members/$prefix$name.o"
    if [ -n "$prefix" ]; then rm "$work/members/$name.o"; fi
  done
}

# jump_member BINDING NAME TARGET WORK: a member in which NAME goes on as TARGET.
jump_member() {
  printf '.text\n%s %s\n.type %s, @function\n.hidden %s\n%s: jmp %s\n.size %s, . - %s\n' \
    "${1:-.globl}" "$2" "$2" "$3" "$2" "$3" "$2" "$2" |
    "$(swift_clang)" "${c_flags[@]}" -Wno-unused-command-line-argument -x assembler -c - \
      -o "$4/members/$2.o"
}

# prefix_library_header PREFIX: filters the header.
prefix_library_header() {
  local prefix=$1
  if [ -z "$prefix" ]; then cat && return; fi
  # Lower-case names: functions, function-like macros, variables, types; and the include guard.
  sed -E -e "s/\b(_*(alloc|init|free|reserve)_(all_)?bootmem[a-z_]*|bootmem_[a-z_]+|\
memblock_[a-z_]+|(min|max)_[a-z]*_?pfn|pg_data_t|pglist_data)\b/$prefix\1/g" \
    -e "s/\b(BOOTMEM_H)\b/$prefix\1/" -e "s/\b$prefix(max_dma32_pfn)\b/\1/g"
}
