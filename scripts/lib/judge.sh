# SPDX-License-Identifier: MIT
# Judging what a run of the kernel printed.  Sourced, not run.
# shellcheck shell=bash

# map_pages LOG LIMIT MAP: the whole usable pages below page LIMIT in the map `as given` or `as
# sanitised`, counted from what was printed, apart from the kernel's own arithmetic.  What two maps of one
# hand-over have both counts once.
map_pages() {
  local start end first last shift pages=0 limit=$2
  shift=$(page_shift "$page_size")
  while read -r start end; do
    first=$(((start + (1 << shift) - 1) >> shift))
    last=$((end >> shift))
    if [ "$last" -gt "$limit" ]; then last=$limit; fi
    if [ "$last" -gt "$first" ]; then pages=$((pages + last - first)); fi
  done < <(sed -n "/^memory map $3:/,/^[^ ]/p" "$1" |
    sed -nE 's/^  ([0-9a-f]{16})-([0-9a-f]{16}) usable .*/\1 \2/p' | sort | joined_ranges)
  echo "$pages"
}

# joined_ranges: of ranges in ascending order, a line each with the first and the last address in
# hexadecimal, those that overlap or adjoin as one: start and end in decimal.
joined_ranges() {
  local first last start='' end=0
  while read -r first last; do
    if [ -z "$start" ] || [ $((16#$first)) -gt "$end" ]; then
      if [ -n "$start" ]; then echo "$start $end"; fi
      start=$((16#$first)) end=$((16#$last + 1))
    elif [ $((16#$last + 1)) -gt "$end" ]; then
      end=$((16#$last + 1))
    fi
  done
  if [ -n "$start" ]; then echo "$start $end"; fi
}

# bitmap_pages LOG: the pages of all bitmaps.
bitmap_pages() {
  local start last shift pages=0
  shift=$(page_shift "$page_size")
  while read -r start last; do
    pages=$((pages + (16#$last + 1 - 16#$start >> shift)))
  done < <(sed -nE 's/^(# )?  ([0-9a-f]*)-([0-9a-f]*) bitmap of node [0-9]*$/\2 \3/p' "$1")
  echo "$pages"
}

# equal NAME LEFT RIGHT: whether two figures agree.
equal() {
  [ "$2" -eq "$3" ] || {
    echo "$1: $2 is not $3"
    return 1
  }
}

# judge_summary LOG ARCH MEMORY FIRMWARE MAP: whether the summary adds up to the map, which is the one
# as sanitised where the command line changes it, and the firmware's map to the memory.
judge_summary() {
  local log=$1 limit kept usable reserved free released shift pages bytes
  shift=$(page_shift "$page_size")
  # The highest page number that the processor reaches, plus one.
  case $2 in i386) limit=$((1 << 20)) ;; *) limit=$((1 << 40)) ;; esac
  read -r usable reserved free released < <(sed -n \
    's/^summary: nodes=[1-9][0-9]* usable=\([0-9]*\) reserved=\([0-9]*\) free=\([0-9]*\) released=\([0-9]*\)$/\1 \2 \3 \4/p' \
    "$log") || {
    echo "no summary"
    return 1
  }
  equal "usable pages, and those of the map" "$usable" "$(map_pages "$log" "$limit" "$5")" || return 1
  equal "reserved and free, and usable" $((reserved + free)) "$usable" || return 1
  equal "released, and free and bitmaps" "$released" $((free + $(bitmap_pages "$log"))) || return 1
  # What boards keep from the memory that they were given, in MiB: with a BIOS the VGA hole and ACPI's
  # tables; UEFI keeps more for itself; a device tree has all memory.
  case $4 in bios) kept=1 ;; uefi) kept=16 ;; tree) kept=0 ;; esac
  bytes=$(($(in_mebibytes "$3") << 20))
  pages=$(map_pages "$log" $((1 << 40)) "as given")
  if [ $((pages << shift)) -gt "$bytes" ] || [ $((pages << shift)) -lt $((bytes - (kept << 20))) ]; then
    echo "the map has $pages usable pages, with memory of $bytes bytes"
    return 1
  fi
}

# judge_modules LOG [MODULE…]: whether every module was found, and unharmed before the hand-over.
judge_modules() {
  local log=$1 number=0 size sum
  shift
  for module in "$@"; do
    size=$(stat -c %s "$module")
    sum=$((10#$(sum -r "$module" | cut -d' ' -f1)))
    grep -qE "^(# )?module $number at 0x[0-9a-f]*: $size bytes, sum $sum\$" "$log" || {
      echo "module $number of $size bytes with sum $sum is missing or was changed"
      return 1
    }
    number=$((number + 1))
  done
}

# kernel_account LOG: what the kernel has accounted for before its first allocation, a line each: what it
# had to report, who holds what, and the sums.
kernel_account() {
  sed 's/^# //' "$1" | awk '
    /^  / { if (held) print; next }
    { held = /^held before the first allocation:$/ }
    /^and [0-9]+ more reports of this kind$/ { if (reported) print; next }
    { reported = 0 }
    # The first line of these is what the loader is called, and what it handed over.
    /^loader: / && !loaders++ || /^command line: / && !lines++ || /^nodes: [0-9]+, with storage/ { next }
    /^(firmware|loader|command line|nodes): / { print; reported = 1 }
    /^beyond the reach of this processor: / { print "beyond", $7 }
    /^before the first allocation: / {
      gsub(/[a-z]+=/, "")
      print "usable", $6
      print "reserved", $7
      print "free", $8
    }' | sort
}

# plan_account PLAN: the same of what `bootmem plan` prints.
plan_account() {
  awk '
    /^  / { if (held) { sub(/, [0-9.]+ [KMGTPE]?i?B$/, ""); print }; next }
    { held = /^held:$/ }
    sub(/^note: /, "") { print; next }
    /^(usable|reserved|free): / { sub(/:/, ""); print $1, $2 }
    /^beyond the reach of the processor: / { print "beyond", $7 }' "$1" | sort
}

# judge_plan LOG: whether `bootmem plan` makes the same account of the machine as the kernel did, in every
# report, every owner and every sum.  For each size of pages the tool is built anew, half a minute:
# 4 KiB and 64 KiB stand for all.
judge_plan() {
  local plan=$1.plan
  if [ "$page_size" = 16K ]; then return; fi
  "$root/scripts/bootmem" plan --page-size "$page_size" "$1" >"$plan" || return 1
  diff -u --label kernel --label plan <(kernel_account "$1") <(plan_account "$plan")
}
