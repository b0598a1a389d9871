# SPDX-License-Identifier: MIT
# The self-test of scripts/fuzz: planted bugs.  Sourced after mutants.sh by the script whose functions
# this calls.
# shellcheck shell=bash

# self_test NUMBER…: plants the bugs, or those with these numbers, and says which were found.
self_test() {
  local work=$builds/build/fuzz-self-test findings=$builds/build/fuzz number failed=0 line
  local -a numbers=("$@")
  read_mutants Tests/Fuzzing/planted.txt
  if [ $# -eq 0 ]; then mapfile -t numbers < <(seq "$mutant_count"); fi
  for number in "${numbers[@]}"; do
    case " $(seq -s ' ' "$mutant_count") " in
      *" $number "*) ;;
      *) die "there is no planted bug '$number', only 1 to $mutant_count" ;;
    esac
  done
  mkdir -p "$work"
  copy_packages "$work"
  write_mutants "$work"
  update_package "$work"
  cd "$work/package"
  builds=$work/package
  say "building $mutant_count planted bugs"
  # shellcheck disable=SC2046
  build_all $(for number in "${numbers[@]}"; do echo "${mutant_tests[number]}"; done)
  date +%F >"$work/result"
  for number in "${numbers[@]}"; do
    line="$number ${mutant_file[number]}: ${mutant_original[number]} -> ${mutant_text[number]}:"
    line+=" $(find_planted "$number")" || failed=$((failed + 1))
    printf '%s\n' "${line//$'\n'/ }" | tee -a "$work/result"
  done
  echo "$((${#numbers[@]} - failed)) found, $failed not found" | tee -a "$work/result"
  if [ $# -eq 0 ]; then cp "$work/result" "$root/Tests/Fuzzing/self-test.txt"; fi
  [ "$failed" -eq 0 ]
}

# copy_packages WORK: makes a copy of the packages that fuzzing is made of.  Warnings are no errors in
# it.
copy_packages() {
  local work=$1
  rm -rf "$work/package.new"
  mkdir -p "$work/package.new" "$work/package"
  cp -R Package.swift Sources Tests scripts "$work/package.new"
  find "$work/package.new" -name Package.swift -exec sed -i '/treatAllWarnings/d' {} +
  write_switch "$work"
}

# find_planted NUMBER: fuzzes with a bug; prints what became of it, and fails if it is not found.
find_planted() {
  local number=$1 target=${mutant_tests[$1]} started=$SECONDS finding
  rm -rf build/fuzz
  mkdir -p build/fuzz
  if BOOTMEM_MUTANT=$number fuzz "$target" 60 >build/log 2>&1; then
    echo "not found by $target in $(sed -nE 's/^#([0-9]+)[[:space:]]+DONE.*/\1/p' build/log) runs"
    return 1
  fi
  finding=$(find build/fuzz -maxdepth 1 -type f -name "$target-*" | head -n 1)
  if [ -z "$finding" ]; then
    tail -n 20 build/log >&2
    die "$target failed without a finding"
  fi
  if ! BOOTMEM_MUTANT=0 run "$target" "$finding" </dev/null >build/log 2>&1; then
    cp "$finding" "$findings"
    echo "$target fails without the bug, too, with $findings/${finding##*/}"
    return 1
  fi
  echo "found by $target in $(seconds_since "$started") s"
}
