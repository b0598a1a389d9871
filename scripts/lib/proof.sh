# SPDX-License-Identifier: MIT
# The programs whose machine code scripts/prove looks at.  Sourced after library.sh and mutants.sh.
# shellcheck shell=bash

# Where they are linked: addresses that a process on the host has free, too.
readonly units_address=0x200000000 archive_address=0x208000000

# What they are made of.
readonly -a proved_sources=(Sources/{TextOutput,PhysicalMemory,PageBitmap,BootMemory,BootmemC/Bootmem,CBootmem})

# build_units WORK TO: builds the functions of Tests/Proof/Units, and what they call, just as the archive is
# built.
build_units() {
  local work=$1 to=$2 name
  local -a names
  prepare_library x86_64 "$work" 4K
  compile_modules "$work" "$work/units.bc" PhysicalMemory PageBitmap ProofUnits
  "$(swift_tool clang)" "${c_flags[@]}" -c "$root/boot/x86_64/memory.S" -o "$work/memory.o"
  mapfile -t names < <(sed -nE 's/^@c func (\w+).*/\1/p' "$root"/Tests/Proof/Units/*.swift)
  # With mutants, which of them is switched on.
  if [ -e "$root/Sources/CBootmem/mutant.c" ]; then
    names+=(bootmem_mutant_number)
    "$(swift_tool clang)" "${c_flags[@]}" -flto -c "$root/Sources/CBootmem/mutant.c" -o "$work/mutant.bc"
    "$(swift_tool clang)" "${c_flags[@]}" -c "$root/Sources/CBootmem/variables.c" -o "$work/variables.o"
  fi
  optimise_program "$work/units.o" "${names[@]}" -- "$work"/*.bc "$work"/*.o
  link_for_proof "$to" "$units_address" "${names[@]}" -- "$work"/*.o
}

# build_mutant_units WORK TO: the same functions with the mutants in them, and TO.list, a line for each mutant:
# number, source, change, and why nothing can fail for it, if that is argued.
build_mutant_units() {
  local work=$1 to=$2 number change last=0
  read_mutants "$root/Tests/Mutation/mutants.txt"
  # Those of the modules that the functions are made of, which are the first of the list.
  for ((number = 1; number <= mutant_count; number++)); do
    case ${mutant_file[number]} in PhysicalMemory/* | PageBitmap/*) last=$number ;; esac
  done
  mutant_count=$last
  copy_sources "$work"
  write_mutants "$work"
  for ((number = 1; number <= mutant_count; number++)); do
    change="${mutant_original[number]} -> ${mutant_text[number]}"
    printf '%s\t%s\t%s\t%s\n' "$number" "${mutant_file[number]}" "${change//[$'\n\t']/ }" "${mutant_reason[number]-}"
  done >"$to.list"
  mkdir "$work/units"
  # shellcheck disable=SC2016
  env -u BOOTMEM_BUILD bash -euo pipefail -c '
    . "$1/scripts/lib/common.sh"
    . "$root/scripts/lib/kernel.sh"
    . "$root/scripts/lib/library.sh"
    . "$root/scripts/lib/proof.sh"
    build_units "$2" "$3"
  ' proof "$work/package.new" "$work/units" "$to"
}

# The functions of the archive that are proved, and what prepares a node for them.
readonly -a proved_functions=(free_bootmem reserve_bootmem __alloc_bootmem_nopanic proof_set_up)

# build_program WORK TO: builds the archive's code as it is before names are taken out of it, and links it
# with Tests/Proof/kernel.c.
build_program() {
  local work=$1 to=$2
  prepare_library x86_64 "$work" 4K
  compile_library x86_64 "$work"
  optimise_library "$work"
  "$(swift_tool clang)" "${c_flags[@]}" -c "$root/Tests/Proof/kernel.c" -o "$work/kernel.o"
  link_for_proof "$to" "$archive_address" "${proved_functions[@]}" -- "$work"/{core,variables,memory.S,kernel}.o
  number_of_name '4CallV6refuse_7isFaultyAA7RefusalO_SbtF"' <"$work/core.bc.swift.ll" >"$to.refuse"
}

# number_of_name PART: what without_swift_names has put in place of the function's name that has this part.
number_of_name() {
  awk -v part="$1" '{
    while (match($0, /[@$]"[^"]*"/)) {
      name = substr($0, RSTART + 1, RLENGTH - 1)
      if (!(name in number)) number[name] = ++count
      if (index(name, part) && $0 ~ /^define/) found = number[name]
      $0 = substr($0, RSTART + RLENGTH)
    }
  } END { print "bootmem_part_" found }'
}

# link_for_proof TO ADDRESS NAME… -- FILE…: a program at the address where it is looked at and run, with all that
# the named functions need.
link_for_proof() {
  local to=$1 address=$2
  local -a names=()
  shift 2
  while [ "$1" != -- ]; do
    names+=("--undefined=$1")
    shift
  done
  "$(swift_tool ld.lld)" -m elf_x86_64 --image-base="$address" --gc-sections -z noexecstack \
    "${names[@]}" --entry=0 "${@:2}" -o "$to"
}

# make_environment FOLDER: what Tests/Proof/requirements.txt names, in a folder of its own.
make_environment() {
  local wanted=$root/Tests/Proof/requirements.txt
  if cmp -s "$wanted" "$1/requirements.txt"; then return; fi
  rm -rf "$1"
  say "fetching the solver and the lifter from PyPI"
  python3 -m venv "$1" && "$1/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" ||
    die "what Tests/Proof/requirements.txt names cannot be installed"
  cp "$wanted" "$1"
}
