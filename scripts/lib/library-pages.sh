# SPDX-License-Identifier: MIT
# The page allocator's part of libbootmem.a: an object of its own, which only kernels link that call
# it.  Sourced by library.sh.
# shellcheck shell=bash

# The modules that it is made of beside the library's.
readonly -a pages_modules=(PageAllocator BootmemPagesC)

# The library's variables that it works on.
readonly -a pages_core_variables=(bootmem_core bootmem_the_state)

# pages_functions: the functions that its header declares, one a line.
pages_functions() {
  comm -13 <(library_functions | sort) <(library_functions bootmem_pages.h | sort)
}

# make_pages_object PREFIX WORK: makes members/PREFIXbootmem_pages.o, over the core that
# optimise_library has left in WORK.
make_pages_object() {
  local prefix=$1 work=$2 name
  local -a functions
  mapfile -t functions < <(pages_functions)
  mkdir "$work/pages"
  compile_modules "$work" "$work/pages/code.bc" "${pages_modules[@]}"
  "$(swift_tool clang)" "${c_flags[@]}" -flto -c "$root/Sources/CBootmem/pages.c" \
    -o "$work/pages/state.bc"
  optimise_program "$work/pages/code.o" "${functions[@]}" -- "$work"/pages/*.bc "$work"/*.o
  "$(swift_tool ld.lld)" -m "$linker_emulation" -r --gc-sections -T "$root/linker/library.ld" -z noexecstack \
    "${functions[@]/#/--undefined=}" "$work/pages/code.o" "$work"/{division,shift}.c.o \
    -o "$work/pages/merged"
  {
    for name in "${functions[@]}" "${pages_core_variables[@]}"; do echo "$name $prefix$name"; done
    for name in "${library_memory_functions[@]}"; do echo "$name ${prefix}bootmem_do_$name"; done
  } >"$work/pages/renamed"
  printf "$prefix%s\n" "${functions[@]}" >"$work/pages/kept"
  "$(swift_tool llvm-objcopy)" --redefine-syms="$work/pages/renamed" "$work/pages/merged"
  "$(swift_tool llvm-objcopy)" --strip-unneeded --keep-global-symbols="$work/pages/kept" "$work/pages/merged" \
    "$work/members/${prefix}bootmem_pages.o"
}
