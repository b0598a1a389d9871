# SPDX-License-Identifier: MIT
# Boots with several processors, which allocate and free pages at the same time.  Sourced after boots.sh.
# shellcheck shell=bash

# How many processors; `BOOTMEM_PROCESSORS="1 2 4 8" scripts/test-boots x86_64` boots with each number.
read -ra cache_processors <<<"${BOOTMEM_PROCESSORS-1 4}"

# test_caches ARCH: each has a cache of pages, and frees what others have allocated.  The kernel for i386
# uses one.
test_caches() {
  local count
  local -a counts=("${cache_processors[@]}")
  if [ "$1" = i386 ]; then counts=(1); fi
  for count in "${counts[@]}"; do
    check_boot "$1: $count processors with caches of pages" prints_and_succeeds --arch "$1" \
      --processors "$count" --append "caches=$count" -- "^  processors: $count; pages allocated: " \
      '^  the sums agree, and [0-9]* pages are free as before$'
  done
  check_boot "$1: more processors than there are" fails_with "$(missing_processor "$1")" \
    --arch "$1" --processors 1 --append caches=2
}

# missing_processor ARCH: what a kernel says that was to start one too many: firmware knows, but on x86.
missing_processor() {
  if [ "$1" = x86_64 ]; then
    echo 'a processor was started and did not arrive'
  else
    echo 'firmware starts no such processor'
  fi
}
