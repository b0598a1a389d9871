# SPDX-License-Identifier: MIT
# Boots of the kernel, and what a run of it has to show.  Sourced after common.sh, kernel.sh,
# machine.sh, tally.sh and judge.sh.
# shellcheck shell=bash disable=SC2154,SC2034

: "${root:?common.sh has to be read before}"

# The seconds that a boot may take.
boot_limit=60

# What the loader is to place in memory.
head -c 100000 /dev/urandom >"$files/large"
printf 'small' >"$files/small"
truncate -s 64M "$files/larger"
one_module=(--append 'some words' --module "$files/large")
two_modules=("${one_module[@]}" --module "$files/small")

# prepare_boots ARCH: builds its kernels, the second of which takes what it can from the first's build;
# notes whether they can be booted.
prepare_boots() {
  emulator=qemu-system-$1
  emulator_package=$(emulator_package "$1")
  command -v "$emulator" >/dev/null || install "$1" "$emulator_package"
  if command -v "$emulator" >/dev/null; then
    build_kernel "$1"
    (kernel_kind=-heap && build_kernel "$1")
    # Once, before checks that run beside one another ask for it.
    "$root/scripts/bootmem" --version >/dev/null
  fi
}

# can_boot: whether the processor's emulator is there.
can_boot() { command -v "$emulator" >/dev/null; }

# check_boot NAME COMMAND…: a check with a boot, beside others; skipped where there is no emulator.
check_boot() {
  if can_boot; then
    check_beside "$@"
  else
    skip "$1" "type: sudo apt-get install $emulator_package"
  fi
}

# boot OPTION…: boots the machine that the options of scripts/run describe; sets `status`.  What it
# printed is in the file that `log` names.
boot() { boot_image '' "$@"; }

# boot_image IMAGE OPTION…: the same with another image than the built kernel.  QEMU also gets the options
# in the array `more_qemu`, where a caller has one.
boot_image() {
  local -a qemu qemu_ending
  status=0 log=$scratch/log
  parse_machine "${@:2}"
  qemu_command "$scratch" "$1"
  if [ -n "${no_semihosting-}" ]; then qemu_ending+=("${no_semihosting[@]}"); fi
  if [ -n "${more_qemu-}" ]; then qemu+=("${more_qemu[@]}"); fi
  add_no_screen
  boot_judged "$boot_limit" "$log" "${qemu[@]}" "${qemu_ending[@]}" || status=$?
}

# boots_well OPTION…: a run that must succeed, its figures and modules being right.
boots_well() {
  local map='as given'
  boot "$@"
  if ! succeeded "$status" "$log"; then
    echo "not a success: $(describe_status "$status")"
    return 1
  fi
  if [[ " $append" =~ \ (mem|memmap)= ]]; then map='as sanitised'; fi
  judge_summary "$log" "$arch" "$memory" "$firmware" "$map" || return 1
  judge_modules "$log" ${modules[@]+"${modules[@]}"} && judge_plan "$log"
}

# prints_and_succeeds OPTION… -- PATTERN…: a run that must succeed and print lines like these.
prints_and_succeeds() {
  local -a options=()
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  boot "${options[@]}"
  has_succeeded_with "${@:2}"
}

# has_succeeded_with PATTERN…: the same of the run that was made.
has_succeeded_with() {
  local pattern
  succeeded "$status" "$log" || {
    echo "not a success: $(describe_status "$status")"
    return 1
  }
  for pattern; do
    grep -q "$pattern" "$log" || {
      echo "no line matches: $pattern"
      return 1
    }
  done
  judge_plan "$log"
}

# traps_as NAME OPTION…: a run that must end in a trap of that name, and say so.
traps_as() {
  boot "${@:2}"
  [ "$status" -eq "$status_trap" ] || {
    echo "not a trap: $(describe_status "$status")"
    return 1
  }
  grep -q "^trap: $1 (vector" "$log" && ! grep -qx ok "$log"
}

# fails_with TEXT OPTION…: a run that must fail with that text, the map being printed.
fails_with() {
  boot "${@:2}"
  [ "$status" -eq "$status_failure" ] || {
    echo "not a failure: $(describe_status "$status")"
    return 1
  }
  grep -q "^error: .*$1" "$log" && grep -q '^memory map as sanitised:' "$log"
}

# refuses TEXT OPTION…: scripts/run refuses these options at once.
refuses() {
  if "$root/scripts/run" "${@:2}" >"$scratch/log" 2>&1; then return 1; fi
  grep -q "error: .*$1" "$scratch/log"
}

# replays OPTION…: a run whose recorded calls have the same results on this host, and leave the same
# bitmaps.
replays() {
  boot "$@" --append bootmem_record
  succeeded "$status" "$log" || {
    echo "not a success: $(describe_status "$status")"
    return 1
  }
  grep -q '^free_all -> ' "$log" && "$root/scripts/bootmem" replay "$log"
}

# prints_a_map_to_read OPTION…: the tool finds as many usable pages in the map that the kernel printed
# as the kernel did.
prints_a_map_to_read() {
  local first last pages=0 usable
  boots_well "$@" || return 1
  usable=$(sed -nE 's/^summary:.* usable=([0-9]+) .*/\1/p' "$log")
  while read -r first last; do
    pages=$((pages + 0x$last - 0x$first + 1))
  done < <("$root/scripts/bootmem" map --ranges --firmware "$log")
  [ "$pages" -eq "$usable" ] || {
    echo "the tool finds $pages usable pages, the kernel $usable"
    return 1
  }
}

# has_nodes N OPTION…: a run that must succeed with N nodes, a page having been allocated on each one
# that has memory.
has_nodes() {
  boots_well "${@:2}" || return 1
  grep -q "^summary: nodes=$1 " "$log" || {
    echo "the nodes are not $1"
    return 1
  }
  [ "$1" -eq 1 ] || [ "$(grep -cE '^  node [0-9]+(: pages .* a page at 0x|: no memory)' "$log")" -eq "$1" ]
}

# falls_back NODE OPTION…: a run in which that node is filled, and others step in.
falls_back() {
  boots_well "${@:2}" &&
    grep -q "^  node $1 is full: a page .* at 0x.*; one that needs it: out of memory" "$log"
}
