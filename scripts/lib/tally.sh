# Counting checks.  Sourced, not run.
# shellcheck shell=bash

passed_count=0
failed_count=0

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

# finish_tally: the last line; fails if any check did, or if there was none.
finish_tally() {
  echo "$passed_count passed, $failed_count failed"
  [ "$failed_count" -eq 0 ] && [ "$passed_count" -gt 0 ]
}
