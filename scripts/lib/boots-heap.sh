# SPDX-License-Identifier: MIT
# Boots of the kernel that has a heap, Swift's classes and collections in it.  Sourced after boots.sh.
# shellcheck shell=bash disable=SC2154

# What such a run prints: all that it does twice, before the hand-over and after; a refusal; no leak.
readonly -a heap_lines=(
  '^    dictionary: 12 words, .* 4 times$' '^    straße in upper case: STRASSE$'
  '^    characters of .*: 3$' '^    alive: 40$' '^  freed twice: heap: 0x[0-9a-f]* was to be freed, but '
  '^memory check: 0x41 instead of 0xbd at 0x[0-9a-f]*, behind the end of 0x64 bytes at 0x[0-9a-f]*$'
  '^memory check: 0x42 instead of 0x6b at 0x[0-9a-f]*, in freed memory: 0x64 bytes at 0x[0-9a-f]*$'
  '^memory check: freed before: 0x64 bytes at 0x[0-9a-f]*$'
  '^    held: 0 allocations in 0 pages, and 0 to find them by$'
  '^  nothing leaks: [0-9]* pages are free, as if there had been no heap$'
)

# test_heap ARCH: with little memory and much, on one node and four; on processors that lack what it
# takes.
test_heap() {
  local little=4M
  if has_device_tree "$1"; then little=8M; fi
  check_boot "$1: a heap before the hand-over and after" prints_and_succeeds --arch "$1" \
    --append heap -- "${heap_lines[@]}"
  check_boot "$1: a heap in $little" prints_and_succeeds --arch "$1" --memory "$little" --append heap \
    -- "${heap_lines[@]}"
  check_boot "$1: a heap in 3 GiB on four nodes" prints_and_succeeds --arch "$1" --memory 3G --nodes 4 \
    --append heap -- "${heap_lines[@]}"
  if [ "$1" = aarch64 ]; then
    check_boot "$1: a heap, entered in EL2" prints_and_succeeds --arch "$1" --machine virt-el2 \
      --append heap -- "${heap_lines[@]}"
  fi
  if [ "$1" = i386 ]; then
    check_boot "$1: a heap without SSE2 is an error" fails_with 'no floating-point unit' --arch "$1" \
      --processor pentium3,-sse2 --append heap
  fi
  check_boot "$1: the image without a heap says so" lacks_heap "$1"
}

# lacks_heap ARCH: the kernel without one, told to use it, fails with a clear message.
lacks_heap() {
  kernel_kind=''
  boot_image "$(loader_image "$1" "$(own_loader "$1")" "$scratch")" --arch "$1" --append heap
  [ "$status" -eq "$status_failure" ] && grep -q '^error: this image has no heap' "$log"
}

# own_loader ARCH: who loads its kernel if nobody is named.
own_loader() { if has_device_tree "$1"; then echo tree; else echo multiboot; fi; }
