# SPDX-License-Identifier: MIT
# The programs whose machine code scripts/prove looks at.  Sourced after library.sh and mutants.sh.
# shellcheck shell=bash

# Where they are linked: addresses that a process on the host has free, too.
readonly units_address=0x200000000 archive_address=0x208000000

# What they are made of.
readonly -a proved_sources=(
  Sources/{TextOutput,PhysicalMemory,PageBitmap,BootMemory,BootmemC/Bootmem,CBootmem,PageAllocator,KernelHeap})

# What a mutant's number is multiplied by.
readonly mutant_factor=2654435761

# Where the functions are that call what is a part of others in the archive.
declare -rA proved_units=([units]=Units [pages]=PageUnits [heap]=HeapUnits)

# build_units WORK TO: builds the functions of Tests/Proof/*Units, and what they call, just as the archive's objects
# are built.
build_units() {
  local work=$1 to=$2 part
  local -a names=() all=() of_part files=("$work/memory.o")
  prepare_library x86_64 "$work" 4K
  compile_modules "$work" "$work/units.bc" PhysicalMemory PageBitmap ProofUnits
  compile_modules "$work" "$work/pages.bc" TextOutput PhysicalMemory PageBitmap BootMemory ProofPageUnits
  compile_modules "$work" "$work/heap.bc" TextOutput PhysicalMemory PageBitmap BootMemory PageAllocator ProofHeapUnits
  "$(swift_tool clang)" "${c_flags[@]}" -c "$root/boot/x86_64/memory.S" -o "$work/memory.o"
  # With mutants, which of them is switched on.
  if [ -e "$root/Sources/CBootmem/mutant.c" ]; then
    names+=(bootmem_mutant_number)
    files+=("$work"/{mutant.bc,variables.o})
    "$(swift_tool clang)" "${c_flags[@]}" -flto -c "$root/Sources/CBootmem/mutant.c" -o "$work/mutant.bc"
    "$(swift_tool clang)" "${c_flags[@]}" -c "$root/Sources/CBootmem/variables.c" -o "$work/variables.o"
  fi
  for part in units pages heap; do
    mapfile -t of_part < <(sed -nE 's/^@c func (\w+).*/\1/p' "$root/Tests/Proof/${proved_units[$part]}"/*.swift)
    optimise_program "$work/$part.o" "${names[@]}" "${of_part[@]}" -- "$work/$part.bc" "${files[@]}"
    all+=("${of_part[@]}")
  done
  link_for_proof "$to" "$units_address" "${names[@]}" "${all[@]}" -- "$work"/*.o
}

# build_mutants_for_proof WORK UNITS ARCHIVE: the same functions, and the archive, with the mutants in them; and
# UNITS.list, a line for each mutant: number, the number that the code compares with, source, change, and why nothing
# can fail for it, if that is argued.
build_mutants_for_proof() {
  local work=$1 units=$2 archive=$3 number change
  read_mutants "$root/Tests/Mutation/mutants.txt"
  copy_sources "$work"
  write_mutants "$work"
  # A number that is in the code for no other reason says where a mutant is.
  sed -i "s/bootmemMutant() == number/bootmemMutant() == (number \&* $mutant_factor) \& 0x7fff_ffff/" \
    "$work/package.new/Sources/PhysicalMemory/Mutation.swift"
  for ((number = 1; number <= mutant_count; number++)); do
    change="${mutant_original[number]} -> ${mutant_text[number]}"
    printf '%s\t%s\t%s\t%s\t%s\n' "$number" $((number * mutant_factor & 0x7fffffff)) "${mutant_file[number]}" \
      "${change//[$'\n\t']/ }" "${mutant_reason[number]-}"
  done >"$units.list"
  mkdir "$work/units" "$work/archive"
  # shellcheck disable=SC2016
  env -u BOOTMEM_BUILD bash -euo pipefail -c '
    . "$1/scripts/lib/common.sh"
    . "$root/scripts/lib/kernel.sh"
    . "$root/scripts/lib/library.sh"
    . "$root/scripts/lib/proof.sh"
    build_units "$2/units" "$3"
    build_program "$2/archive" "$4"
  ' proof "$work/package.new" "$work" "$units" "$archive"
}

# The functions of the archive that are proved, and what prepares a node for them.
readonly -a proved_functions=(
  {free,reserve}_bootmem{,_node} __alloc_bootmem{,_nopanic} ___alloc_bootmem_node_nopanic
  proof_{set_up,add_node})

# build_program WORK TO: builds the archive's code as it is before names are taken out of it, and links it
# with Tests/Proof/kernel.c.
build_program() {
  local work=$1 to=$2
  prepare_library x86_64 "$work" 4K
  compile_library x86_64 "$work"
  optimise_library "$work"
  "$(swift_tool clang)" "${c_flags[@]}" -c "$root/Tests/Proof/kernel.c" -o "$work/kernel.o"
  link_for_proof "$to" "$archive_address" "${proved_functions[@]}" -- "$work"/{core,variables,memory.S,kernel}.o
  number_of_name 'Call.refuse(' <"$work/core.bc.swift.ll" >"$to.refuse"
}

# number_of_name START: what without_swift_names has put in place of the name of the one function whose name in
# the source begins like that.
number_of_name() {
  local -a found
  mapfile -t found < <(awk '{
    is_definition = /^define/
    while (match($0, /[@$]"[^"]*"/)) {
      name = substr($0, RSTART + 2, RLENGTH - 3)
      if (!(name in number)) number[name] = ++count
      if (is_definition) print "bootmem_part_" number[name], name
      # What follows are its parameters.
      is_definition = 0
      $0 = substr($0, RSTART + RLENGTH)
    }
  }' | "$(swift_tool swift-demangle)" --simplified | awk -v start="$1" '
    index(substr($0, index($0, " ") + 1), start) == 1 { print $1 }')
  [ "${#found[@]}" -eq 1 ] || die "${#found[@]} functions have a name that begins with $1"
  echo "${found[0]}"
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
