# SPDX-License-Identifier: MIT
# The parts of libbootmem.a with the page allocator, the heap and the caches of processors: objects of
# their own, which only kernels link that call them.  Sourced by library.sh.
# shellcheck shell=bash

# The modules that they are made of beside the library's; others' after the page allocator's.
readonly -a pages_modules=(PageAllocator BootmemPagesC)
readonly -a heap_modules=(KernelHeap BootmemHeapC)
readonly -a caches_modules=(PageCaches BootmemCachesC)

# The library's variables that they work on.
readonly -a pages_core_variables=(bootmem_core bootmem_the_state)

# What they know of each other: a variable, and the name of its object.
readonly kept_variable=bootmem_kept

# pages_functions, heap_functions, heap_debug_functions, caches_functions: the functions that their headers declare, one a line.
pages_functions() {
  comm -13 <(library_functions | sort) <(library_functions bootmem_pages.h | sort)
}
heap_functions() {
  comm -13 <(library_functions | sort) <(library_functions bootmem_heap.h | sort)
}
heap_debug_functions() {
  comm -13 <(library_functions | sort) <(library_functions bootmem_heap_debug.h | sort)
}
caches_functions() {
  comm -13 <(library_functions bootmem_pages.h | sort) <(library_functions bootmem_caches.h | sort)
}

# make_pages_object PREFIX WORK, make_heap_object PREFIX WORK, make_caches_object PREFIX WORK: makes
# members/PREFIXbootmem_pages.o and so on, over the core that optimise_library has left in WORK.
make_pages_object() { make_part_object pages "$@" "${pages_modules[@]}"; }
make_heap_object() { make_part_object heap "$@" "${heap_modules[@]}"; }

# make_heap_debug_object PREFIX WORK: makes WORK/heap_debug/PREFIXbootmem_heap_debug.o, which has the functions of
# bootmem_heap.h too and so is an archive of its own; after the heap's, of which only what lies behind the header
# is compiled in another way.
make_heap_debug_object() {
  local -a swift_flags=("${swift_flags[@]}" -D BOOTMEM_HEAP_DEBUG -Xcc -DBOOTMEM_HEAP_DEBUG)
  local -a c_flags=("${c_flags[@]}" -DBOOTMEM_HEAP_DEBUG)
  make_part_object heap_debug "$@" "${heap_modules[-1]}"
  mv "$2/members/$1bootmem_heap_debug.o" "$2/heap_debug"
}

# The caches call the functions of bootmem_pages.h, and are made after that object.
make_caches_object() {
  cp "$2/pages/code.o" "$2/shared/pages.o"
  make_part_object caches "$@" "${caches_modules[@]}"
}

# make_kept_object PREFIX WORK: makes members/PREFIXbootmem_kept.o, and WORK/shared/variable.o of the same
# under its own name; before the parts.
make_kept_object() {
  local prefix=$1 work=$2
  mkdir "$work/shared"
  compile_c Sources/CBootmem/kept.c -fno-data-sections -o "$work/shared/variable.o"
  "$(swift_tool llvm-objcopy)" --remove-section=.comment \
    --redefine-sym "$kept_variable=$prefix$kept_variable" "$work/shared/variable.o" \
    "$work/members/${prefix}bootmem_kept.o"
}

# make_part_object PART PREFIX WORK MODULE…
make_part_object() {
  local part=$1 prefix=$2 work=$3 name folder=$3/$1 state
  local -a functions
  shift 3
  mapfile -t functions < <("${part}_functions")
  mkdir "$folder"
  compile_modules "$work" "$folder/code.bc" "$@"
  state=${part%_debug}.c
  compile_c "Sources/CBootmem/$state" -flto -o "$folder/state.bc"
  optimise_program "$folder/code.o" "${functions[@]}" -- "$folder"/*.bc "$work"/shared/*.o "$work"/*.o
  "$(swift_tool ld.lld)" -m "$linker_emulation" -r --gc-sections -T "$root/linker/library.ld" -z noexecstack \
    "${functions[@]/#/--undefined=}" "$folder/code.o" "$work"/{division,shift}.c.o \
    -o "$folder/merged"
  {
    for name in "${functions[@]}" "${pages_core_variables[@]}" "$kept_variable"; do
      echo "$name $prefix$name"
    done
    if [ "$part" = caches ]; then pages_functions | sed "s/.*/& $prefix&/"; fi
    for name in "${library_memory_functions[@]}"; do echo "$name ${prefix}bootmem_do_$name"; done
  } >"$folder/renamed"
  printf "$prefix%s\n" "${functions[@]}" >"$folder/kept"
  "$(swift_tool llvm-objcopy)" --redefine-syms="$folder/renamed" "$folder/merged"
  "$(swift_tool llvm-objcopy)" --strip-unneeded --keep-global-symbols="$folder/kept" \
    "$folder/merged" "$work/members/${prefix}bootmem_$part.o"
}
