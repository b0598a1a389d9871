# SPDX-License-Identifier: MIT
# The mutants of scripts/mutate: reading, making and trying them.  Sourced after common.sh.
# shellcheck shell=bash

# Of mutant NUMBER, from 1: its source below Sources, the tests, the text with the change between « and
# », what stands between them, what stands there instead (`nothing` for a statement that is dropped),
# and why no test can fail, if that is said.
mutant_count=0
mutant_file=() mutant_tests=() mutant_place=() mutant_original=() mutant_text=() mutant_reason=()

# read_mutants LIST: reads the list.
read_mutants() {
  local line file='' tests='' place='' original='' lines
  mapfile -t lines <"$1"
  for line in "${lines[@]}"; do
    case $line in
      '' | '#'*) ;;
      'file '*) file=${line#file } ;;
      'tests '*) tests=${line#tests } ;;
      'at '*)
        place=${line#at } place=${place//⏎/$'\n'}
        [[ $place == *«*»* ]] || die "no « and » in: $line"
        # Blanks at the begin are only for the eye.
        place=${place#"${place%%[! ]*}"}
        original=${place#*«} original=${original%»*}
        ;;
      'to '* | drop)
        mutant_count=$((mutant_count + 1))
        mutant_file[mutant_count]=$file
        mutant_tests[mutant_count]=$tests
        mutant_place[mutant_count]=$place
        mutant_original[mutant_count]=$original
        mutant_text[mutant_count]=${line#to }
        if [ "$line" = drop ]; then mutant_text[mutant_count]=nothing; fi
        ;;
      'equal '*) mutant_reason[mutant_count]=${line#equal } ;;
      *) die "not a line of a list of mutants: $line" ;;
    esac
  done
}

# copy_sources WORK: makes a copy of what the mutants are of, and of its tests.  Warnings are no errors
# in it.
copy_sources() {
  local work=$1
  rm -rf "$work/package.new"
  mkdir -p "$work/package.new" "$work/package"
  cp -R Sources Tests boot linker scripts "$work/package.new"
  cat >"$work/package.new/Package.swift" <<'SWIFT'
// swift-tools-version: 6.2
import PackageDescription

let modules: [Target.Dependency] = [
  "BootMemory", "BootMemoryTrace", "Firmware", "MemoryMap", "PageBitmap", "PhysicalMemory",
  "TextOutput", "TraceReplay",
]
let package = Package(
  name: "swift-bootmem",
  targets: [
    .target(name: "TextOutput"),
    .target(name: "PhysicalMemory"),
    .target(name: "MemoryMap", dependencies: ["PhysicalMemory", "TextOutput"]),
    .target(name: "MemoryTesting", dependencies: ["PhysicalMemory"]),
    .target(
      name: "Firmware", dependencies: ["MemoryMap", "MemoryTesting", "PhysicalMemory", "TextOutput"]),
    .target(name: "PageBitmap", dependencies: ["PhysicalMemory"]),
    .target(name: "BootMemory", dependencies: ["PageBitmap", "PhysicalMemory", "TextOutput"]),
    .target(name: "BootMemoryTrace", dependencies: ["BootMemory", "PhysicalMemory", "TextOutput"]),
    .target(
      name: "TraceReplay",
      dependencies: ["BootMemory", "BootMemoryTrace", "PhysicalMemory", "TextOutput"]),
    .target(name: "TestSupport", dependencies: ["TextOutput"], path: "Tests/TestSupport"),
    .target(
      name: "BitmapTestSupport", dependencies: ["PageBitmap", "TraceReplay"],
      path: "Tests/BitmapTestSupport"),
    .testTarget(name: "PhysicalMemoryTests", dependencies: modules + ["TestSupport"]),
    .testTarget(name: "MemoryMapTests", dependencies: modules + ["TestSupport"]),
    .testTarget(name: "FirmwareTests", dependencies: modules + ["TestSupport"]),
    .testTarget(name: "PageBitmapTests", dependencies: modules + ["BitmapTestSupport", "TestSupport"]),
    .testTarget(name: "BootMemoryTests", dependencies: modules + ["BitmapTestSupport", "TestSupport"]),
  ]
)
SWIFT
  write_switch "$work"
  # The archive gets the number by a variable of its own, set by what its programs have in common.
  cd "$work/package.new"
  sed -i 's/-strict-memory-safety -warnings-as-errors//' scripts/lib/*.sh
  # The core alone: the number is a variable of its object.
  sed -i '/^ *make_ledger_object /d' scripts/lib/library.sh
  sed -i '/^extern int bootmem_debug;/a extern long bootmem_mutant_number;' \
    Sources/CBootmem/include/bootmem.h
  echo 'long bootmem_mutant_number;' >>Sources/CBootmem/variables.c
  cat >Sources/CBootmem/mutant.c <<'C'
#include "bootmem_state.h"
long bootmem_mutant(void);
long bootmem_mutant(void) { return bootmem_mutant_number; }
C
  cat >>Tests/Archive/kit.c <<'C'
__attribute__((constructor)) static void choose_mutant(void)
{
  const char *number = getenv("BOOTMEM_MUTANT");

  if (number != NULL) bootmem_mutant_number = atol(number);
}
C
  cd "$root"
}

# write_switch WORK: writes into the copy what says which mutant is switched on.
write_switch() {
  cat >"$1/package.new/Sources/PhysicalMemory/Mutation.swift" <<'SWIFT'
#if hasFeature(Embedded)
@_silgen_name("bootmem_mutant") public func bootmemMutant() -> Int

public enum Mutation {
  @inline(__always)
  public static func isActive(_ number: Int) -> Bool { bootmemMutant() == number }
}
#else
import Glibc

/// Which of the mutants is switched on.
public enum Mutation {
  public static let active: Int = getenv("BOOTMEM_MUTANT").flatMap { Int(String(cString: $0)) } ?? 0

  @inline(__always)
  public static func isActive(_ number: Int) -> Bool { active == number }
}
#endif
SWIFT
}

# write_mutants WORK: writes all mutants into the copy, of a place with several one in the other.
write_mutants() {
  local work=$1 number=1 next file source place original context code before start
  while [ "$number" -le "$mutant_count" ]; do
    file=${mutant_file[number]}
    source=$(cat "$work/package.new/Sources/$file" && echo .) source=${source%.}
    # By the place in the source where the change begins: its length, and what stands there instead.
    local -a lengths=() codes=()
    while [ "$number" -le "$mutant_count" ] && [ "${mutant_file[number]}" = "$file" ]; do
      place=${mutant_place[number]} original=${mutant_original[number]}
      context=${place/«/} context=${context/»/}
      [ "$(count_of "$context" "$source")" -eq 1 ] ||
        die "mutant $number: $file has $(count_of "$context" "$source") times: $context"
      next=$number code=$original
      while [ "$next" -le "$mutant_count" ] && [ "${mutant_place[next]}" = "$place" ] &&
        [ "${mutant_file[next]}" = "$file" ]; do
        code=$(switched "$file" "$next" "$code")
        next=$((next + 1))
      done
      before=${source%%"$context"*}${place%%«*}
      start=${#before}
      lengths[start]=${#original}
      codes[start]=$code
      number=$next
    done
    # From the end, so that places in front of a change stay what they are.
    before=${#source}
    for start in $(printf '%s\n' "${!codes[@]}" | sort -rn); do
      [ $((start + lengths[start])) -le "$before" ] ||
        die "two mutants change the same text of $file: ${source:start:lengths[start]}"
      source=${source:0:start}${codes[start]}${source:start+lengths[start]}
      before=$start
    done
    case $file in
      PhysicalMemory/* | *.c) ;;
      *) source=$'import PhysicalMemory\n'$source ;;
    esac
    printf '%s' "$source" >"$work/package.new/Sources/$file"
  done
  # What has not changed keeps its time, and is not compiled again.
  (cd "$work/package.new" && find . -type f) | while read -r file; do
    if ! cmp -s "$work/package.new/$file" "$work/package/$file"; then
      mkdir -p "$work/package/$(dirname "$file")"
      cp -p "$work/package.new/$file" "$work/package/$file"
      touch "$work/package/$file"
    fi
  done
  (cd "$work/package" && find Sources Tests scripts -type f) | while read -r file; do
    [ -e "$work/package.new/$file" ] || rm "$work/package/$file"
  done
  rm -rf "$work/package.new"
}

# switched FILE NUMBER CODE: the code as it is while the mutant is switched off, else the mutant.
switched() {
  local text=${mutant_text[$2]}
  case $1,$text in
    *.c,nothing) echo "if (bootmem_mutant_number != $2) { $3 }" ;;
    *.c,*) echo "(bootmem_mutant_number == $2 ? ($text) : ($3))" ;;
    *,nothing) echo "if !Mutation.isActive($2) { $3 }" ;;
    *) echo "(Mutation.isActive($2) ? ($text) : ($3))" ;;
  esac
}

# count_of TEXT IN: how often the text is there.
count_of() {
  local rest=$2 count=0
  while [[ $rest == *"$1"* ]]; do
    count=$((count + 1))
    rest=${rest#*"$1"}
  done
  echo "$count"
}

# build_mutants WORK: builds the tests of the copy, and sees that they pass without a mutant.
build_mutants() {
  local log=$1/build.log
  say "building $mutant_count mutants"
  (cd "$1/package" && swift build --build-tests -c release -Xswiftc -enable-testing) >"$log" 2>&1 || {
    grep -E 'error:' "$log" | sort -u >&2
    die "the mutants do not build, see $log"
  }
  build_archive_mutants "$1" >>"$log" 2>&1 || die "the archive's mutants do not build, see $log"
}

# The archive's programs, those that find most at the least cost first.
readonly -a archive_programs=(interface corrections memblock mapped own_nodes boundary bitmap_bytes
  replay differential)

# build_archive_mutants WORK: the same of the archive and its programs, without the page allocator and
# the ledger.
build_archive_mutants() {
  local work=$1 program
  mkdir -p "$work/archive"
  env -u BOOTMEM_BUILD "$work/package/scripts/build-library" x86_64 --sections .init
  for program in "${archive_programs[@]}"; do
    local -a sources=("$work/package/Tests/Archive"/{"$program",kit}.c)
    if [ "$program" = differential ]; then sources+=("$work/package/Tests/Archive/model.c"); fi
    gcc -std=c11 -O2 -Wno-clobbered -I "$work/package/build/include" "${sources[@]}" \
      "$work/package/build/x86_64/libbootmem.a" -o "$work/archive/$program" || return 1
  done
}

# try_archive WORK NUMBER: runs the archive's programs with a mutant until one fails, and says which
# test of it did; nothing if none does.
try_archive() {
  local work=$1 number=$2 program output status
  local -a arguments
  for program in "${archive_programs[@]}"; do
    arguments=() status=0
    case $program in
      replay) arguments=(Tests/Fixtures/traces/64/directed/*.trace) ;;
      differential) arguments=(--operations 50000) ;;
    esac
    output=$(BOOTMEM_MUTANT=$number timeout -k 1 "$mutant_seconds" "$work/archive/$program" \
      ${arguments[@]+"${arguments[@]}"} 2>&1) || status=$?
    case $status in
      0) continue ;;
      1 | 2) ;;
      124) program="$program, which did not end" ;;
      *) program="$program, which crashed" ;;
    esac
    echo "killed by Tests/Archive/$program: $(sed -nE 's/^[^ ]+: (.*) \(64 bit\): .*/\1/p' \
      <<<"$output" | head -n 1)" | sed 's/: $//'
    return
  done
}

# How long the tests of a mutant may take.
mutant_seconds=${BOOTMEM_MUTANT_SECONDS-120}

# run_mutant WORK NUMBER TESTS: runs the tests of a mutant, one test at a time.
run_mutant() {
  local program
  program=$(echo "$1"/package/.build/release/*.xctest)
  BOOTMEM_MUTANT=$2 SWIFT_BACKTRACE=enable=no NO_COLOR=1 TERM=dumb \
    timeout -k 1 "$mutant_seconds" "$program" --testing-library swift-testing \
    --no-parallel --filter "$3" 2>&1
}

# check_tests WORK NUMBER…: without a mutant all tests that are run for these must pass, or what fails
# for one would say nothing.
check_tests() {
  local tests number
  for tests in $(for number in "${@:2}"; do echo "${mutant_tests[number]}"; done |
    tr ' ' '\n' | sort -u); do
    if [ "$tests" = archive ]; then
      [ -z "$(try_archive "$1" 0)" ] || die "the archive's programs fail without a mutant"
      continue
    fi
    run_mutant "$1" 0 "$tests" >"$1/output" || die "'$tests' fail without a mutant, see $1/output"
  done
}

# try_mutant WORK NUMBER: runs the tests with a mutant until one fails; prints what became of it.
try_mutant() {
  local work=$1 number=$2 tests output status failed
  output=$(mktemp "$work/output-XXXXXX")
  for tests in ${mutant_tests[number]}; do
    status=0
    if [ "$tests" = archive ]; then
      try_archive "$work" "$number"
      continue
    fi
    # The first failure closes the pipe, and so ends the tests.
    failed=$(run_mutant "$work" "$number" "$tests" | tee "$output" |
      grep -m 1 -E '^✘ Test .* recorded an issue'; exit "${PIPESTATUS[0]}") || status=$?
    if [ -n "$failed" ]; then
      echo "killed by $(test_name "$failed")"
      break
    fi
    if grep -qE '^✔ Test run with [1-9]' "$output"; then continue; fi
    # The test that had begun when the program ended, by a trap or because it took too long.
    failed=$(grep -E '^◇ Test .*started\.$' "$output" | grep -v '^◇ Test run' | tail -n 1 || true)
    [ -n "$failed" ] || die "the tests '$tests' do not run, see $output"
    echo "killed by $(test_name "$failed"), which $([ "$status" -eq 124 ] &&
      echo "did not end" || echo "trapped")"
    break
  done | grep . || echo "${mutant_reason[number]+equal: }${mutant_reason[number]-survived}"
  rm -f "$output"
}

# test_name LINE: the name of the test in a line of Swift Testing's.
test_name() {
  sed -E 's/^. Test (case passing .* to )?"?([A-Za-z0-9_]+).*/\2/' <<<"$1"
}
