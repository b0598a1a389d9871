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

# skip NAME REASON: a check that cannot be made here.
skip() {
  skipped_count=$((skipped_count + 1))
  echo "skipped: $1: $2"
}

# counted NAME COMMAND…: runs a program that ends with `N passed, N failed`, and adds its counts.  One
# that fails without a count of failures, or does not say what passed, counts as one failure.
counted() {
  local name=$1 output line status=0
  local -a words
  shift
  output=$(mktemp)
  "$@" 2>&1 | tee "$output" || status=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$output" | tail -n 1 || true)
  if [ -z "$line" ]; then
    echo "$name did not say what passed"
    status=1
  fi
  read -ra words <<<"${line:-0 passed, 0 failed}"
  add_counts "${words[0]}" "${words[2]}" "$status"
  line=$(sed -n 's/^\([0-9]*\) skipped$/\1/p' "$output" | tail -n 1)
  skipped_count=$((skipped_count + ${line:-0}))
  rm -f "$output"
  if [ "$status" -ne 0 ]; then echo "FAILED: $name, exit status $status"; fi
}

# add_counts PASSED FAILED STATUS: adds counts; a status that is not 0 is one failure at least.
add_counts() {
  local failed=$2
  if [ "$3" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  passed_count=$((passed_count + $1)) failed_count=$((failed_count + failed))
}

# finish_tally: the last lines; fails if any check did, or if there was none, not
# even one that was skipped.
finish_tally() {
  if [ "$skipped_count" -gt 0 ]; then echo "$skipped_count skipped"; fi
  echo "$passed_count passed, $failed_count failed"
  [ "$failed_count" -eq 0 ] && [ $((passed_count + skipped_count)) -gt 0 ]
}
