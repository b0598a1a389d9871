# SPDX-License-Identifier: MIT
# Boots with several memory nodes, and the page allocator that continues with their bitmaps.  Sourced
# after boots.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# test_nodes ARCH: memory nodes, as ACPI or the device tree reports them.
test_nodes() {
  local count board
  if has_device_tree "$1"; then
    for count in 2 4; do
      check_boot "$1 virt: $count nodes" has_nodes "$count" --arch "$1" --memory 1G \
        --nodes "$count"
    done
    check_boot "$1 virt: a full node falls back to another" falls_back 1 --arch "$1" \
      --nodes 64M,64M
    return
  fi
  for board in pc q35; do
    for count in 1 2 4 8; do
      check_boot "$1 $board: $count nodes" has_nodes "$count" --arch "$1" --machine "$board" \
        --memory 1G --nodes "$count"
    done
  done
  check_boot "$1: a node without memory" has_nodes 3 --arch "$1" --nodes 256M,0,128M
  check_boot "$1: a full node falls back to another" falls_back 1 --arch "$1" --nodes 64M,64M
  check_boot "$1: memory that can be taken out" has_hot_pluggable_node "$1"
  check_boot "$1: nodes on both sides of 4 GiB" has_nodes 3 --arch "$1" --machine q35 --nodes 1G,3G,2G
}

# has_hot_pluggable_node ARCH: a run on a board with a node whose memory is a module that can be taken out.
# The table of affinities says so; the map does not have the module, so the command line adds it.  No bitmap
# lies there.  A processor of 32 bits does not reach it.
has_hot_pluggable_node() {
  local -a more_qemu=(-m "128M,slots=1,maxmem=2G" -object "memory-backend-ram,id=module,size=256M"
    -device "pc-dimm,memdev=module,node=1")
  local -a patterns=('^hot-pluggable memory:$' '^  0000000100000000-[0-9a-f]* [0-9.]* GiB$')
  if [ "$1" = i386 ]; then
    patterns+=('^beyond the reach of this processor: 65536 usable pages, 256 MiB$')
  else
    patterns+=('^  node 1 000100000-00010ffff 256 MiB$' '^  00000000[0-9a-f]*-[0-9a-f]* bitmap of node 1$')
  fi
  boot --arch "$1" --machine q35 --nodes 128M,0 --append memmap=256M@4G
  has_succeeded_with "${patterns[@]}"
}

# test_pages ARCH: the page allocator that continues with the bitmaps.
test_pages() {
  if has_device_tree "$1"; then
    check_boot "$1: pages come and go" keeps_pages 1 --arch "$1"
    check_boot "$1: pages come and go on four nodes" keeps_pages 4 --arch "$1" --nodes 4
    return
  fi
  check_boot "$1: pages come and go" keeps_pages 1 --arch "$1"
  check_boot "$1: pages come and go in 4 MiB" keeps_pages 1 --arch "$1" --memory 4M
  check_boot "$1: pages come and go in 3 GiB, a module's released" \
    keeps_pages 1 --arch "$1" --memory 3G --module "$files/large"
  check_boot "$1: pages come and go on four nodes" keeps_pages 4 --arch "$1" --nodes 4
  check_boot "$1: pages come and go beside a node without memory" \
    keeps_pages 2 --arch "$1" --nodes 256M,0,128M
}

# keeps_pages NODES OPTION…: a run with `pages`: each of so many nodes gives 250 000 blocks and gets
# them back, and then as many pages are free as there were to begin with.
keeps_pages() {
  local kept pages sum=0 count=0
  boot "${@:2}" --append pages
  has_succeeded_with '^  free again: page 0x[0-9a-f]* was to be freed with order 0, but is free$' ||
    return 1
  kept=$(sed -nE 's/^  kept: ([0-9]+) free pages, and [0-9]+ of .*/\1/p' "$log")
  while read -r pages; do
    sum=$((sum + pages)) count=$((count + 1))
  done < <(sed -nE 's/^  node .*: 250000 blocks .*; ([0-9]+) pages are free, in the .*/\1/p' "$log")
  equal "nodes with memory" "$count" "$1" && equal "free pages at the end, and before" "$sum" "$kept"
}
