# SPDX-License-Identifier: MIT
# Building libbootmem.a.  Sourced after common.sh.
# shellcheck shell=bash
#
# What it takes beyond compiling, and why:
#
# 1. The Swift modules become one piece of intermediate code, which the linker optimises as a whole
#    program in which only the header's functions are called from outside (link-time optimisation).
#    Without it every function that came from another module stays callable, so hardly any is
#    inlined; and Swift's own back end makes code for i386 that needs a GOT, whatever it is told.
# 2. A link makes one object of that, the memory functions and, for i386, the 64-bit arithmetic: with
#    the four sections that kernels' linker scripts name, and without what only runtimes read.
# 3. Renaming gives the functions private names in it, and makes everything else local: a kernel may
#    have an init_bootmem or a memset of its own, and knows no Swift.
#    The page allocator's code is another object, made in the same way, see library-pages.sh, and the
#    ledger's a third one, see library-ledger.sh.
# 4. Each function and variable becomes a member of its own, so that a kernel's own comes first.
#
# All tools come with the Swift compiler, and know every processor.

# shellcheck source=scripts/lib/library-pages.sh
. "$root/scripts/lib/library-pages.sh"
# shellcheck source=scripts/lib/library-ledger.sh
. "$root/scripts/lib/library-ledger.sh"

# The modules that the library is made of, each after those that it imports.
readonly library_modules="TextOutput PhysicalMemory PageBitmap BootMemory BootmemC"

# What compilers call.
readonly -a library_memory_functions=(memset memcpy memmove memcmp)

# The processors that there is a library for.
readonly -a library_architectures=(i386 x86_64 aarch64 riscv64)

# library_output PREFIX [PAGE_SIZE]: where the results go.
library_output() {
  local size=${2-4K}
  if [ "$size" = 4K ]; then size=''; fi
  echo "$builds/build${1:+/$1}${size:+/$size}"
}

# made_once FILE… -- COMMAND…: makes the files by a command; its standard input is all that they are made
# from.  If BOOTMEM_CACHE names a folder, as it does in a run of scripts/test, then what was made from the
# same before is taken from there.
made_once() {
  local place partial file
  local -a files=()
  while [ "$1" != -- ]; do
    files+=("$1")
    shift
  done
  shift
  if [ -z "${BOOTMEM_CACHE-}" ]; then
    cat >/dev/null
    "$@"
    return
  fi
  place=$BOOTMEM_CACHE/$(sha256sum | cut -d' ' -f1)
  if [ ! -d "$place" ]; then
    "$@" </dev/null
    partial=$(mktemp -d "$BOOTMEM_CACHE/.partial-XXXXXX")
    cp "${files[@]}" "$partial"
    # Another may have made the same meanwhile.
    mv -T "$partial" "$place" 2>/dev/null || rm -rf "$partial"
  fi
  for file in "${files[@]}"; do cp "$place/${file##*/}" "$file"; done
}

# ---- The header ----

# header_declarations [HEADER]: what the header declares at file level, as the compiler lists it.
header_declarations() {
  "$(swift_tool clang)" -fsyntax-only -fno-color-diagnostics -Xclang -ast-dump -x c \
    "$root/Sources/CBootmem/include/${1-bootmem.h}" | grep '^[|`]-'
}

# library_functions [HEADER]: the functions that the library has for it, one a line.
library_functions() {
  header_declarations "$@" | grep -v ' static inline$' | sed -n "s/^..FunctionDecl .* \(\w*\) '.*/\1/p"
}

# library_variables: and the variables.
library_variables() { header_declarations | sed -n "s/^..VarDecl .* \(\w*\) '.* extern$/\1/p"; }

# header_names: all names of functions, variables, types and lower-case macros of all headers, one
# a line.
header_names() {
  { header_declarations bootmem_pages.h && header_declarations bootmem_heap_debug.h &&
    header_declarations bootmem_caches.h && header_declarations bootmem_ledger.h; } | sed -n -e "s/^..\(Function\|Var\|Typedef\)Decl .* \(\w*\) '.*/\2/p" \
    -e 's/^..RecordDecl .* struct \(\w*\)\( definition\)\?$/\1/p' | grep -v '^__[a-z]*_\(t\|list\)$'
  "$(swift_tool clang)" -E -dM -x c "$root/Sources/CBootmem/include/bootmem.h" |
    sed -n 's/^#define \([a-z]\w*bootmem\w*\)(.*/\1/p'
}

# write_library_header HEADER PREFIX NODES PAGE_SIZE: the header of a library for so many nodes and
# pages of that size, its names prefixed.
write_library_header() {
  local header=$1 prefix=$2 nodes=$3 shift names
  shift=$(page_shift "$4")
  names=$(header_names | sort -u | paste -sd '|')
  sed -E -e "s/^(#define BOOTMEM_MAX_NODES) .*/\1 $nodes/" \
    -e "s/^(#define BOOTMEM_PAGE_SHIFT) .*/\1 $shift/" \
    "$root/Sources/CBootmem/include/$header" |
    if [ -n "$prefix" ]; then sed -E "s/\b($names|BOOTMEM_(PAGES_|HEAP_|HEAP_DEBUG_|CACHES_|LEDGER_)?H)\b/$prefix\1/g"; else cat; fi
}

# ---- The library ----

# No vector and no floating-point register.
readonly -a library_x86_flags=(-mno-mmx -mno-sse -mno-sse2 -msoft-float -fomit-frame-pointer)

# build_library ARCH PREFIX NODES PAGE_SIZE SECTIONS MEMORY_FUNCTIONS ABI OUTPUT WORK: builds everything
# anew, in the empty folder WORK; that takes seconds.  What is there meanwhile for others is the result of
# before, whole.
build_library() {
  local arch=$1 prefix=$2 nodes=$3 page_size=$4 sections=$5 memory_functions=$6 abi=$7 output=$8 work=$9
  local file started=$SECONDS
  local -a headers=(bootmem.h bootmem_ledger.h)
  prepare_library "$arch" "$work" "$page_size"
  mkdir -p "$work/members"
  write_library_header bootmem.h "" "$nodes" "$page_size" >"$work/include/bootmem.h"
  compile_library "$arch" "$work"
  optimise_library "$work"
  # First: a part sees what was compiled before it, and so the ledger's modules are the same in each library.
  make_ledger_object "$prefix" "$sections" "$work"
  # What is discarded after boot cannot keep the pages.
  if [ -z "$sections" ]; then
    make_kept_object "$prefix" "$work"
    make_pages_object "$prefix" "$work"
    make_heap_object "$prefix" "$work"
    make_heap_debug_object "$prefix" "$work"
    make_caches_object "$prefix" "$work"
    headers+=(bootmem_pages.h bootmem_heap.h bootmem_heap_debug.h bootmem_caches.h)
  fi
  make_library_object "$prefix" "$sections" "$work"
  make_library_members "$prefix" "$sections" "$memory_functions" "$work"
  mkdir "$work/result"
  make_archive "$abi" "$work/result/libbootmem.a" "$work"/members/*.o
  put_in_place "$work/result/libbootmem.a" "$output/$arch"
  if [ -z "$sections" ]; then
    make_archive "$abi" "$work/result/libbootmem_heap_debug.a" \
      "$work/heap_debug/${prefix}bootmem_heap_debug.o"
    put_in_place "$work/result/libbootmem_heap_debug.a" "$output/$arch"
  fi
  for file in "${headers[@]}"; do
    write_library_header "$file" "$prefix" "$nodes" "$page_size" >"$work/result/$file"
    put_in_place "$work/result/$file" "$output/include"
  done
  say "built in $((SECONDS - started)) s: ${output#"$builds/"}/$arch/libbootmem.a"
}

# prepare_library ARCH WORK PAGE_SIZE: sets the flags, and puts the headers where they say.
prepare_library() {
  library_flags "$@"
  mkdir -p "$2/include"
  cp "$root"/Sources/CBootmem/include/* "$2/include"
  cp -R "$root/Sources/CPageCaches/include" "$2/page_caches"
}

# put_in_place FILE FOLDER: moves it there, at once for whoever reads what was there.  The name of what is
# not in place yet is in `unplaced`, for an interrupt.
put_in_place() {
  mkdir -p "$2"
  unplaced=$2/.unplaced-$$
  cp "$1" "$unplaced"
  mv "$unplaced" "$2/${1##*/}"
  unplaced=''
}

# make_archive ABI ARCHIVE OBJECT…
make_archive() {
  local abi=$1 archive=$2
  shift 2
  if [ "$abi" = lp64d ]; then mark_double_float "$@"; fi
  "$(swift_tool llvm-ar)" Drcs "$archive" "$@"
}

# mark_double_float OBJECT…: says of objects for riscv64 that floating-point numbers are passed in registers
# of their own.  They pass none, so they go with either ABI; but linkers ask for the same mark everywhere.
mark_double_float() {
  local object byte
  for object; do
    # Of the flags in the header of 64-bit ELF, bits 1 and 2 have the ABI.
    byte=$(od -An -tu1 -j48 -N1 "$object")
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte & ~6 | 4)))" |
      dd of="$object" bs=1 seek=48 conv=notrunc status=none
  done
}

# library_flags ARCH WORK PAGE_SIZE: sets the arrays swift_flags, c_flags and lto_flags, and linker_emulation and
# jump_instruction.
library_flags() {
  local triple flag condition
  local -a machine
  triple=$(kernel_triple "$1")
  # Relative to the instruction throughout: it links at any address, below 2 GiB or in the upper half,
  # into a position-independent kernel or another.
  machine=(-fPIE) lto_flags=(-pie)
  case $1 in
    i386)
      linker_emulation=elf_i386 jump_instruction=jmp
      # Bound to its place: what is independent of it needs a GOT on this processor.
      machine=(-march=i486 "${library_x86_flags[@]}" -fno-pic)
      lto_flags=(-no-pie)
      ;;
    x86_64)
      linker_emulation=elf_x86_64 jump_instruction=jmp
      machine+=("${library_x86_flags[@]}" -mno-red-zone)
      ;;
    aarch64)
      linker_emulation=aarch64elf jump_instruction=b
      machine+=(-mgeneral-regs-only -mstrict-align)
      ;;
    riscv64)
      # The jump reaches everything, and may use t1, as calls may.
      linker_emulation=elf64lriscv jump_instruction=tail
      machine+=(-march=rv64imac -mabi=lp64 -mcmodel=medany)
      lto_flags+=(-mllvm -target-abi=lp64)
      ;;
  esac
  c_flags=(-target "$triple" -std=c11 -Os "${machine[@]}" -ffreestanding -fno-builtin
    -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables -fno-addrsig
    -ffunction-sections -fdata-sections -I "$2/include" -Wall -Wextra -Werror
    -Wno-unused-command-line-argument)
  # Exclusive access needs no check at run time: no callback may call the library.  The header's
  # inline functions are not compiled as freestanding, since only what is alike in that is inlined.
  swift_flags=(-target "$triple" -enable-experimental-feature Embedded -wmo -parse-as-library -Osize
    -swift-version 6 -strict-memory-safety -warnings-as-errors -enforce-exclusivity=unchecked
    -package-name swift-bootmem -Xfrontend -function-sections -Xfrontend -disable-stack-protector
    -I "$2" -I "$2/page_caches" -Xcc -fvisibility=hidden)
  condition=$(page_size_condition "$3")
  swift_flags+=(${condition:+"$condition"})
  # Functions alike but for a constant stay apart: as one they take longer.
  swift_flags+=(-Xllvm -swiftmergefunc-threshold=0)
  for flag in "${machine[@]}"; do swift_flags+=(-Xcc "$flag"); done
}

# compile_library ARCH WORK: makes WORK/*.bc of what is optimised together, WORK/*.o of the rest.
compile_library() {
  local arch=$1 work=$2 source
  # shellcheck disable=SC2086
  compile_modules "$work" "$work/core.bc" $library_modules
  for source in "$root"/Sources/CBootmem/*.c; do
    source=${source##*/}
    case $source in
      variables.c) compile_c "Sources/CBootmem/$source" -o "$work/variables.o" ;;
      pages.c | heap.c | caches.c | kept.c | ledger.c) ;;
      *) compile_c "Sources/CBootmem/$source" -flto -o "$work/${source%.c}.bc" ;;
    esac
  done
  for source in "boot/$arch/memory.S" boot/i386/{division,shift}.c; do
    compile_c "$source" -o "$work/${source##*/}.o"
  done
}

# compile_c SOURCE OPTION…: compiles a file by its path in the clone, which stands in the result and is the same
# wherever the clone is.
compile_c() { (cd "$root" && "$(swift_tool clang)" "${c_flags[@]}" -c "$@"); }

# module_sources MODULE: the folder with its sources, or a line for each.  Those behind the headers for C have one in common.
module_sources() {
  case $1 in
    BootmemC) echo "$root/Sources/BootmemC/Bootmem" ;;
    ProofUnits) echo "$root/Tests/Proof/Units" ;;
    # What is a module's own can be called by what is compiled with it.
    ProofPageUnits) printf '%s\n' "$root"/{Sources/PageAllocator,Tests/Proof/PageUnits} ;;
    ProofHeapUnits) printf '%s\n' "$root"/{Sources/KernelHeap,Tests/Proof/HeapUnits} ;;
    Bootmem*C) echo "$root/Sources/BootmemC/$(sed -E 's/Bootmem(.*)C/\1/' <<<"$1")" ;;
    *) echo "$root/Sources/$1" ;;
  esac
}

# compile_modules WORK TO MODULE…: compiles modules, each after those that it imports, and makes
# intermediate code of the last, which takes what it needs of the others into its own.  It alone sees the
# headers, so that the others are the same for any number of nodes.
compile_modules() {
  local work=$1 to=$2 module
  for module in "${@:3:$#-3}"; do
    origin "$work" "$module" | made_once "$work/$module.swiftmodule" -- compile_module "$work" "$module" \
      -emit-module -emit-module-path "$work/$module.swiftmodule"
  done
  {
    origin "$work" "${*: -1}"
    printf '%s\n' "${c_flags[@]//$work/WORK}"
    cat "$work"/include/*
  } | made_once "$to" -- compile_code "$work" "$to" "${*: -1}"
}

# origin WORK MODULE: all that a module is made from, the headers aside: of what else is in WORK, those that
# were compiled there before.  A clone is the same by whatever path.
origin() {
  local -a folders
  mapfile -t folders < <(module_sources "$2")
  find "${folders[@]}" -name '*.swift' -print0 | sort -z | xargs -0 sha256sum | sed 's|  .*/|  |' >>"$1/sources"
  printf '%s\n' "$2" "${swift_flags[@]//$1/WORK}"
  cat "$1/sources" "$1"/page_caches/*
}

# compile_module WORK MODULE OPTION…
compile_module() {
  local -a folders sources
  mapfile -t folders < <(module_sources "$2")
  mapfile -t sources < <(find "${folders[@]}" -name '*.swift' | sort)
  swiftc "${swift_flags[@]}" -module-name "$2" "${sources[@]}" "${@:3}"
}

# compile_code WORK TO MODULE
compile_code() {
  # -emit-bc crashes.
  compile_module "$1" "$3" -I "$1/include" -emit-ir -o "$2.swift.ll"
  without_swift_names <"$2.swift.ll" >"$2.ll"
  "$(swift_tool clang)" "${c_flags[@]}" -Wno-override-module -flto -c "$2.ll" -o "$2"
}

# without_swift_names: intermediate code in which what Swift has named bears a number.  An object for
# riscv64 has a symbol for whatever is referred to, a literal's name being its text.
without_swift_names() {
  awk '{
    line = ""
    while (match($0, /[@$]"[^"]*"/)) {
      name = substr($0, RSTART + 1, RLENGTH - 1)
      if (!(name in number)) number[name] = ++count
      line = line substr($0, 1, RSTART) "bootmem_part_" number[name]
      $0 = substr($0, RSTART + RLENGTH)
    }
    print line $0
  }'
}

# optimise_library WORK: makes of WORK/*.bc the object WORK/core.o.
optimise_library() {
  local work=$1
  local -a names
  mapfile -t names < <(library_functions && printf '%s\n' "${pages_core_variables[@]}")
  optimise_program "$work/core.o" "${names[@]}" -- "$work"/*.bc "$work"/*.o
}

# optimise_program TO NAME… -- FILE…: optimises the intermediate code among the files as a whole
# program, of which only these names are known outside, and keeps the object that comes of it; the
# program itself is of no use.
optimise_program() {
  local -a files=("$@")
  while [ "${files[0]}" != -- ]; do files=("${files[@]:1}"); done
  {
    printf '%s\n' "$linker_emulation" "${lto_flags[@]}" "${@:2}" | sed 's|^/.*/||'
    cat "${files[@]:1}"
  } | made_once "$1" -- optimise_program_anew "$@"
}

optimise_program_anew() {
  local to=$1
  local -a names=()
  shift
  while [ "$1" != -- ]; do
    names+=("$1")
    shift
  done
  shift
  # The passes of a compiler: those made for link-time optimisation give longer code for x86_64.
  "$(swift_tool ld.lld)" -m "$linker_emulation" "${lto_flags[@]}" --entry="${names[0]}" \
    --lto-newpm-passes='default<Os>' -mllvm -align-loops=1 \
    "${names[@]/#/--undefined=}" "$@" --lto-obj-path="$to" -o "$to.program"
  rm "$to.program"
}

# make_library_object PREFIX SECTIONS WORK: the one object of all code, members/PREFIXbootmem.o, in
# which a function has the name PREFIXbootmem_do_NAME.
make_library_object() {
  local prefix=$1 sections=$2 work=$3 name
  local -a functions renamed_sections=()
  mapfile -t functions < <(library_functions && printf '%s\n' "${library_memory_functions[@]}")
  # Of the variables, each has a member of its own.
  rm "$work/variables.o"
  "$(swift_tool ld.lld)" -m "$linker_emulation" -r --gc-sections -T "$root/linker/library.ld" -z noexecstack \
    "${functions[@]/#/--undefined=}" "$work"/*.o -o "$work/merged"
  {
    for name in "${functions[@]}"; do echo "$name ${prefix}bootmem_do_$name"; done
    library_variables | sed "s/.*/& $prefix&/"
    for name in "${pages_core_variables[@]}"; do echo "$name $prefix$name"; done
  } >"$work/renamed"
  {
    printf "${prefix}bootmem_do_%s\n" "${functions[@]}"
    printf "$prefix%s\n" "${pages_core_variables[@]}"
  } >"$work/kept"
  mapfile -t renamed_sections < <(library_sections "$sections")
  # In two steps, for the names that are kept are the new ones.
  "$(swift_tool llvm-objcopy)" --redefine-syms="$work/renamed" "$work/merged"
  "$(swift_tool llvm-objcopy)" --strip-unneeded --keep-global-symbols="$work/kept" \
    ${renamed_sections[@]+"${renamed_sections[@]}"} "$work/merged" \
    "$work/members/${prefix}bootmem.o"
}

# library_sections SECTIONS: the options that rename an object's sections, one a line.
library_sections() {
  local name
  if [ -z "$1" ]; then return; fi
  for name in text rodata data bss; do echo "--rename-section=.$name=$1.$name"; done
}

# make_library_members PREFIX SECTIONS MEMORY_FUNCTIONS WORK: a member for each function and each variable.
#
# The memory functions are weak, for kernels that have them inline only.  A library that is
# discarded after boot has none of them: the kernel would go on calling them.
make_library_members() {
  local prefix=$1 sections=$2 memory_functions=$3 work=$4 name
  for name in $(library_functions); do
    jump_member "${sections:-}.text" .globl "$prefix$name" "${prefix}bootmem_do_$name" "$work"
  done
  if [ -z "$sections" ] && [ "$memory_functions" != none ]; then
    for name in "${library_memory_functions[@]}"; do
      jump_member .text .weak "$name" "${prefix}bootmem_do_$name" "$work"
    done
  fi
  for name in $(library_variables); do
    printf '#include "bootmem.h"\n__typeof__(%s) %s;\n' "$name" "$name" |
      "$(swift_tool clang)" "${c_flags[@]}" -fvisibility=default -fno-data-sections -x c -c - \
        -o "$work/variable"
    "$(swift_tool llvm-objcopy)" --remove-section=.comment --redefine-sym "$name=$prefix$name" \
      "$work/variable" "$work/members/$prefix$name.o"
  done
}

# jump_member SECTION BINDING NAME TARGET WORK: a member in which NAME goes on as TARGET.
jump_member() {
  "$(swift_tool clang)" "${c_flags[@]}" -x assembler -c - -o "$5/members/$3.o" <<END
  .section $1, "ax", @progbits
  $2 $3
  .type $3, @function
  .hidden $4
$3:
  $jump_instruction $4
  .size $3, . - $3
  .section .note.GNU-stack, "", @progbits
END
}
