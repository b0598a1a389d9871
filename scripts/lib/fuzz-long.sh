# SPDX-License-Identifier: MIT
# Ten million runs of each target of scripts/fuzz, and the record of them.  Sourced by the script whose
# functions this calls.
# shellcheck shell=bash disable=SC2154

: "${root:?common.sh has to be read before}"

readonly long_run_count=10000000
# A line for each target: what came of its runs, of which sources and when.
readonly long_record=$root/Tests/Fuzzing/result.txt

# fuzzed_sources TARGET: what it is made of, as folders and as paths left out.
fuzzed_sources() {
  printf '%s\n' Sources/{PhysicalMemory,TextOutput,PageBitmap,BootMemory,PageAllocator,KernelHeap} \
    Tests/Fuzzing/Sources/FuzzKit
  case " ${allocators[*]} " in
    *" $1 "*) echo Tests/Fuzzing/Sources/FuzzAllocators ;;
    *)
      printf '%s\n' Sources/{MemoryMap,MemoryTesting,Firmware,BootPlan,Bootmem,BootMemoryTrace,TraceReplay} \
        Sources/Tool/Sources/{MapFiles,MemoryReports} Tests/Fuzzing/Sources/{FuzzReaders,Oracle}
      [ "$1" = ledger ] || echo ':!*/LedgerTarget.swift'
      # What judges some of them alone.
      case $1 in account | device-tree) ;; *) echo ':!*/Oracle/tree.c' ;; esac
      case $1 in multiboot1 | multiboot2 | pvh | zero-page) ;; *) echo ':!*/Oracle/holders.c' ;; esac
      ;;
  esac
}

# sources_digest TARGET: of its sources as they are committed; neither documentation nor a line that is a comment
# is one of them.
sources_digest() {
  local -a files
  mapfile -t files < <(fuzzed_sources "$1")
  files+=(':!*.docc/*')
  {
    git ls-files -- "${files[@]}"
    git ls-files --format='%(objectname)' -- "${files[@]}" |
      git cat-file --batch='%(objecttype)' | sed '/^ *\/\//d'
  } | sha256sum | cut -c1-16
}

# has_long_record TARGET: whether it has made its runs with the present sources, without a finding.
has_long_record() {
  grep -qE "^$1: $long_run_count runs, .*; sources $(sources_digest "$1"), [0-9-]+$" "$long_record" 2>/dev/null
}

# fuzz_long TARGET…: makes the runs of those, or of all, that have no record.
fuzz_long() {
  local target
  local -a missing=()
  if [ $# -eq 0 ]; then set -- "${targets[@]}"; fi
  for target; do
    if has_long_record "$target"; then
      check "$target: has made its runs" true
    else
      missing+=("$target")
    fi
  done
  if [ "${#missing[@]}" -gt 0 ]; then build_all "${missing[@]}"; fi
  fuzz_all fuzz_and_record "$long_run_count" ${missing[@]+"${missing[@]}"}
}

# fuzz_and_record TARGET NUMBER: makes that number of runs, and writes its line.
fuzz_and_record() {
  local target=$1 number=$2 seconds=$builds/build/fuzz/$1.seconds TIMEFORMAT='%0U'
  local -a folders
  read -ra folders <<<"$(corpus "$target")"
  { time make_up_inputs "$target" -runs="$number" "${folders[@]}" 2>&3; } 3>&2 2>"$seconds" || return 1
  write_record "$target" "$(reached "$target"), no finding, $(cat "$seconds") s of a processor" \
    "sources $(sources_digest "$target"), $(date +%F)"
}

# write_record TARGET RESULT SOURCES: puts its line in the place of the one of the last time, in the order of --list.
write_record() {
  local name
  {
    flock 8
    touch "$long_record"
    for name in "${targets[@]}"; do
      if [ "$name" = "$1" ]; then echo "$1: $2; $3"; else grep "^$name: " "$long_record" || true; fi
    done >"$long_record.new"
    mv "$long_record.new" "$long_record"
  } 8<"${long_record%/*}"
}
