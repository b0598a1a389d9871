# SPDX-License-Identifier: MIT
# The programs whose machine code scripts/prove looks at.  Sourced after library.sh.
# shellcheck shell=bash

# Where they are linked: an address that a process on the host has free, too.
readonly proof_address=0x200000000

# build_units WORK TO: builds the functions of Tests/Proof/Units, and what they call, just as the archive is
# built.
build_units() {
  local work=$1 to=$2 name
  local -a names
  library_flags x86_64 "$work" 4K
  mkdir -p "$work/include"
  cp "$root"/Sources/CBootmem/include/* "$work/include"
  cp -R "$root/Sources/CPageCaches/include" "$work/page_caches"
  compile_modules "$work" "$work/units.bc" PhysicalMemory PageBitmap ProofUnits
  "$(swift_tool clang)" "${c_flags[@]}" -c "$root/boot/x86_64/memory.S" -o "$work/memory.o"
  mapfile -t names < <(sed -nE 's/^@c func (\w+).*/\1/p' "$root"/Tests/Proof/Units/*.swift)
  optimise_program "$work/units.o" "${names[@]}" -- "$work/units.bc" "$work/memory.o"
  link_for_proof "$to" "${names[@]}" -- "$work/units.o" "$work/memory.o"
}

# link_for_proof TO NAME… -- FILE…: a program at the address where it is looked at and run, with all that
# the named functions need.
link_for_proof() {
  local to=$1
  local -a names=()
  shift
  while [ "$1" != -- ]; do
    names+=("--undefined=$1")
    shift
  done
  "$(swift_tool ld.lld)" -m elf_x86_64 --image-base="$proof_address" --gc-sections -z noexecstack \
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
