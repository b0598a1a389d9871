# SPDX-License-Identifier: MIT
# Counting checks.  Sourced, not run.
# shellcheck shell=bash

passed_count=0
failed_count=0
skipped_count=0

# check NAME COMMAND…: runs a check; prints its output only if it fails.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed_count=$((passed_count + 1))
    echo "passed: $name"
  else
    failed_count=$((failed_count + 1))
    echo "FAILED: $name"
    printf '%s\n' "$output" | sed 's/^/    /'
  fi
}

# check_beside NAME COMMAND…: begins a check that runs while others do, in a folder of its own,
# `scratch`; its line is printed when it ends.  finish_tally counts it.
check_beside() { beside check_apart "$@"; }

# check_apart NAME COMMAND…: the same check, with counts of its own.
check_apart() (
  passed_count=0 failed_count=0 scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  output=$(check "$@") || true
  printf '%s\n' "$output"
  [[ $output == passed:* ]]
)

# skip NAME REASON: a check that cannot be made here.
skip() {
  skipped_count=$((skipped_count + 1))
  echo "skipped: $1: $2"
}

# counted NAME COMMAND…: runs a program that ends as finish_tally does, and adds its counts.
counted() {
  local name=$1 output status=0
  shift
  output=$(mktemp)
  "$@" 2>&1 | tee "$output" || status=$?
  add_tally "$name" "$output" "$status"
  rm -f "$output"
}

# add_tally NAME FILE STATUS: adds the counts of what printed FILE and ended with that status.  One that
# fails without a count of failures, or does not say what passed, counts as one failure.
add_tally() {
  local name=$1 line status=$3
  local -a words
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$2" | tail -n 1 || true)
  if [ -z "$line" ]; then
    echo "$name did not say what passed"
    status=1
  fi
  read -ra words <<<"${line:-0 passed, 0 failed}"
  add_counts "${words[0]}" "${words[2]}" "$status"
  skipped_count=$((skipped_count + ${words[4]:-0}))
  if [ "$status" -ne 0 ]; then echo "FAILED: $name, exit status $status"; fi
}

# add_counts PASSED FAILED STATUS: adds counts; a status that is not 0 is one failure at least.
add_counts() {
  local failed=$2
  if [ "$3" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  passed_count=$((passed_count + $1)) failed_count=$((failed_count + failed))
}

# finish_tally: the last line, `N passed, N failed`, and how many were skipped if any were; fails if
# any check did, or if there was none, not even one that was skipped.
finish_tally() {
  local skipped=''
  await_all
  add_counts "$well_count" "$badly_count" 0
  well_count=0 badly_count=0
  if [ "$skipped_count" -gt 0 ]; then skipped=", $skipped_count skipped"; fi
  echo "$passed_count passed, $failed_count failed$skipped"
  [ "$failed_count" -eq 0 ] && [ $((passed_count + skipped_count)) -gt 0 ]
}
