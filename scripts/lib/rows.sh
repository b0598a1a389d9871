# SPDX-License-Identifier: MIT
# Which rows of a benchmark's table are asked for.  Sourced after common.sh.
# shellcheck shell=bash disable=SC2034

: "${root:?common.sh has to be read before}"

# row_names FILE…: the names of the rows in tables of Tests/Benchmark.
row_names() { sed -nE 's/^([a-z][A-Za-z0-9_-]*) *\|.*/\1/p' "$@"; }

# select_rows NAMES [PATTERN]…: sets the array `selected`, of names a line each; to all without a pattern.
select_rows() {
  local pattern name found
  local -a all
  mapfile -t all <<<"$1"
  shift
  selected=()
  if [ $# -eq 0 ]; then selected=("${all[@]}"); fi
  for pattern; do
    found=false
    for name in "${all[@]}"; do
      # shellcheck disable=SC2053  # it is meant to be a pattern
      if [[ $name == $pattern ]]; then selected+=("$name") found=true; fi
    done
    "$found" || die "no row is named '$pattern'; --help says where the names are"
  done
}

# is_selected NAME: whether that row is asked for.
is_selected() { [[ " ${selected[*]} " == *" $1 "* ]]; }
