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
  cp -R Package.swift Sources Tests boot linker scripts "$work/package.new"
  write_switch "$work"
  cd "$work/package.new"
  sed -i '/strictMemorySafety\|treatAllWarnings/d' Package.swift
  # Here the tests run a thousand times.
  sed -i 's/^let testSettings = .*/let testSettings = settings/' Package.swift
  sed -i 's/-strict-memory-safety -warnings-as-errors//' scripts/lib/*.sh
  # The archive gets the number by a variable and a function of its own, which all its objects call as
  # Swift does; the variable is set by what its programs have in common.
  sed -i '/^extern int bootmem_debug;/r /dev/stdin' Sources/CBootmem/include/bootmem.h <<'C'
extern long bootmem_mutant_number;
#ifdef __clang__
long bootmem_mutant(void) __attribute__((swiftcall));
#endif
C
  echo 'long bootmem_mutant_number;' >>Sources/CBootmem/variables.c
  cat >Sources/CBootmem/mutant.c <<'C'
#include "bootmem.h"
__attribute__((swiftcall)) long bootmem_mutant(void) { return bootmem_mutant_number; }
C
  cat >>Tests/Archive/kit.c <<'C'
__attribute__((constructor)) static void choose_mutant(void)
{
  const char *number = getenv("BOOTMEM_MUTANT");

  if (number != NULL) bootmem_mutant_number = atol(number);
}
C
  # On the host the same variable is what headers for C have.
  sed -i '/^#define PAGE_CACHES_H$/a extern long bootmem_mutant_number;' \
    Sources/CPageCaches/include/page_caches.h
  cat >>Sources/CPageCaches/page_caches.c <<'C'
#include <stdlib.h>
long bootmem_mutant_number;
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
      PhysicalMemory/* | *.[ch]) ;;
      *) source=$'import PhysicalMemory\n'$source ;;
    esac
    printf '%s' "$source" >"$work/package.new/Sources/$file"
  done
}

# update_package WORK: makes the copy the package that is built.  What has not changed keeps its time, and
# is not compiled again.
update_package() {
  local work=$1 file
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
    *.[ch],nothing) echo "if (bootmem_mutant_number != $2) { $3 }" ;;
    *.[ch],*) echo "(bootmem_mutant_number == $2 ? ($text) : ($3))" ;;
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

# The archive's programs that `archive` stands for, those that find most at the least cost first, and
# those that are of its other parts.
readonly -a core_programs=(interface corrections memblock mapped own_nodes boundary bitmap_bytes replay
  differential)
readonly -a part_programs=(kept pages heap caches ledger ledger_cases)

# build_archive_mutants WORK: the same of the archive and its programs.
build_archive_mutants() {
  local work=$1 program
  mkdir -p "$work/archive"
  env -u BOOTMEM_BUILD "$work/package/scripts/build-library" x86_64
  for program in "${core_programs[@]}" "${part_programs[@]}"; do
    local -a sources=("$work/package/Tests/Archive"/{"$program",kit}.c)
    if [ "$program" = differential ]; then sources+=("$work/package/Tests/Archive/model.c"); fi
    gcc -std=c11 -O2 -Wno-clobbered -I "$work/package/build/include" "${sources[@]}" \
      "$work/package/build/x86_64/libbootmem.a" -o "$work/archive/$program" || return 1
  done
}

# try_archive WORK NUMBER TESTS: runs the archive's programs, or the one of archive/PROGRAM, with a mutant
# until one fails, and says which test of it did; nothing if none does.
try_archive() {
  local work=$1 number=$2 program output status
  local -a arguments programs=("${core_programs[@]}")
  if [ "$3" != archive ]; then programs=("${3#archive/}"); fi
  for program in "${programs[@]}"; do
    arguments=() status=0
    case $program in
      replay) arguments=(Tests/Fixtures/traces/64/directed/*.trace) ;;
      differential) arguments=(--operations 50000) ;;
    esac
    output=$(BOOTMEM_MUTANT=$number within_time "$work/archive/$program" \
      ${arguments[@]+"${arguments[@]}"} 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then continue; fi
    if is_timeout "$status"; then
      program="$program, which did not end"
    elif [ "$status" -gt 2 ]; then
      program="$program, which crashed"
    fi
    echo "killed by Tests/Archive/$program: $(sed -nE 's/^[^ ]+: (.*) \(64 bit\): .*/\1/p' \
      <<<"$output" | head -n 1)" | sed 's/: $//'
    return
  done
}

# How much processor time a group of tests may take for a mutant, in seconds; without one none takes 4.
mutant_seconds=${BOOTMEM_MUTANT_SECONDS-10}

# within_time COMMAND…: runs a command, which is killed after that time; by the clock, for those that wait
# for nobody, after twenty times as long.
within_time() { (ulimit -S -t "$mutant_seconds" && exec timeout -k 1 $((20 * mutant_seconds)) "$@"); }

# is_timeout STATUS: whether that is how a command ended that was killed so, alone or in a shell.
is_timeout() { [[ $1 =~ ^(124|137|152)$ ]]; }

# run_mutant WORK NUMBER TESTS: runs the tests of a mutant, one test at a time, small worlds with as many
# calls as in a debug build.
run_mutant() {
  local program
  program=$(echo "$1"/package/.build/release/*.xctest)
  BOOTMEM_MUTANT=$2 BOOTMEM_SMALL_WORLD_CALLS=60000 SWIFT_BACKTRACE=enable=no NO_COLOR=1 TERM=dumb \
    within_time "$program" --testing-library swift-testing \
    --no-parallel --filter "$3" 2>&1
}

# check_tests WORK NUMBER…: without a mutant all tests that are run for these must pass, or what fails
# for one would say nothing.
check_tests() {
  local tests number
  for tests in $(for number in "${@:2}"; do echo "${mutant_tests[number]}"; done |
    tr ' ' '\n' | sort -u); do
    if [[ $tests == archive* ]]; then
      [ -z "$(try_archive "$1" 0 "$tests")" ] || die "the archive's programs fail without a mutant"
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
    if [[ $tests == archive* ]]; then
      try_archive "$work" "$number" "$tests" | grep . && break
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
    echo "killed by $(test_name "$failed"), which $(is_timeout "$status" &&
      echo "did not end" || echo "trapped")"
    break
  done | grep . || echo "${mutant_reason[number]+equal: }${mutant_reason[number]-survived}"
  rm -f "$output"
}

# test_name LINE: the name of the test in a line of Swift Testing's.
test_name() {
  sed -E 's/^. Test (case passing .* to )?"?([A-Za-z0-9_]+).*/\2/' <<<"$1"
}
