# SPDX-License-Identifier: MIT
# The ledger's part of libbootmem.a: an object of its own, which only kernels link that call it.  Sourced
# by library.sh.
# shellcheck shell=bash

# The modules that it is made of beside the library's.
readonly -a ledger_modules=(MemoryMap BootPlan BootmemLedgerC)

# ledger_functions: the functions that its header declares, one a line.
ledger_functions() {
  comm -13 <(library_functions | sort) <(library_functions bootmem_ledger.h | sort)
}

# make_ledger_object PREFIX SECTIONS WORK: makes members/PREFIXbootmem_ledger.o, over the core that
# optimise_library has left in WORK.  What it calls are the members that a kernel calls too, or the
# kernel's own in their place.
make_ledger_object() {
  local prefix=$1 sections=$2 work=$3 name
  local -a functions renamed_sections=()
  mapfile -t functions < <(ledger_functions)
  mkdir "$work/ledger"
  compile_modules "$work" "$work/ledger/code.bc" "${ledger_modules[@]}"
  compile_c Sources/CBootmem/ledger.c -flto -o "$work/ledger/state.bc"
  optimise_program "$work/ledger/code.o" "${functions[@]}" -- "$work"/ledger/*.bc "$work"/*.o
  "$(swift_tool ld.lld)" -m "$linker_emulation" -r --gc-sections -T "$root/linker/library.ld" -z noexecstack \
    "${functions[@]/#/--undefined=}" "$work/ledger/code.o" "$work"/{division,shift}.c.o \
    -o "$work/ledger/merged"
  {
    for name in "${functions[@]}" "${pages_core_variables[@]}" $(library_functions); do
      echo "$name $prefix$name"
    done
    for name in "${library_memory_functions[@]}"; do echo "$name ${prefix}bootmem_do_$name"; done
  } >"$work/ledger/renamed"
  printf "$prefix%s\n" "${functions[@]}" >"$work/ledger/kept"
  mapfile -t renamed_sections < <(library_sections "$sections")
  "$(swift_tool llvm-objcopy)" --redefine-syms="$work/ledger/renamed" "$work/ledger/merged"
  "$(swift_tool llvm-objcopy)" --strip-unneeded --keep-global-symbols="$work/ledger/kept" \
    ${renamed_sections[@]+"${renamed_sections[@]}"} "$work/ledger/merged" \
    "$work/members/${prefix}bootmem_ledger.o"
}
