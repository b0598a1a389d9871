# SPDX-License-Identifier: MIT
# The steps of scripts/test, each declared and written in one place: this file.  Sourced after common.sh,
# tally.sh and coverage.sh.
# shellcheck shell=bash disable=SC2034

: "${root:?common.sh has to be read before}"

# The names of all steps in the order of their output, and of each what it shows and after which others
# it runs.
all_steps=()
# The steps that take longest begin first, and the one that another waits for, so that none of them is alone
# at the end, when a part of it that has to be done one after the other would leave processors idle.
longest_steps=(boots consumer library examples release playground)
declare -A step_text=() step_after=()

# declare_step NAME [--after NAME,…] TEXT…: the function step_NAME below does it and counts with `check`,
# `counted` or `add_counts`.  Steps run beside each other; one that reads or writes what another builds
# names that one behind --after.
declare_step() {
  local name=$1
  shift
  step_after[$name]=''
  if [ "$1" = --after ]; then
    step_after[$name]=${2//,/ }
    shift 2
  fi
  all_steps+=("$name")
  step_text[$name]=$*
}

# swift_tests BUILD-FOLDER ARGUMENT…: builds and runs tests, printing only what a person wants.
swift_tests() {
  local folder=$builds/$1 status=0 log
  shift
  log=$(mktemp)
  swift test --scratch-path "$folder" "${without_debugger[@]}" "$@" >"$log" 2>&1 || status=$?
  count_swift_tests "$status" "$log"
  rm -f "$log"
}

# count_swift_tests STATUS LOG: adds what a run of tests has printed.
count_swift_tests() {
  local status=$1 log=$2 count bad
  if [ "$status" -ne 0 ]; then grep -vE '^(◇|✔|\[[0-9]+/)' "$log" | head -n 200 || true; fi
  grep -E '^. Test run with ' "$log" || true
  count=$(sed -nE 's/^. Test run with ([0-9]+) tests? .*/\1/p' "$log" | tail -n 1)
  bad=$(grep -cE '^✘ Test .* failed after' "$log" || true)
  count=${count:-0} bad=${bad:-0}
  if [ "$count" -eq 0 ]; then status=1; fi
  add_counts $((count > bad ? count - bad : 0)) "$bad" "$status"
}

declare_step lint "the sources are formatted as .swift-format says, each states its licence, and --help of" \
  "every script prints and does nothing else"
step_lint() {
  local status=0
  swift format lint --strict --parallel -r Sources Tests Package.swift || status=$?
  add_counts $((status == 0)) 0 "$status"
  counted "the licences" scripts/check-licences
  counted "the scripts" scripts/check-scripts
}

declare_step debug "the tests of the Swift modules on this host, in a debug build"
step_debug() { swift_tests .build-debug "${once_in_debug[@]}"; }

# The host tool is a package of its own, whose tests run the tool as scripts/bootmem builds it: what plays
# the records of `boots` and the examples of `readme`.
declare_step tool "the tests of what is for hosts, including the tool, in a release build"
step_tool() {
  # Built with the flags of scripts/bootmem, which the tests would change by default.
  swift_tests .build-tool -c release --disable-testable-imports --package-path Sources/Tool
}

declare_step docs --after debug,tool,playground \
  "the documentation converts without a warning, and its examples are in the sources"
step_docs() {
  counted "the articles" scripts/check-articles
  counted "the site" scripts/docs
}

declare_step release "the tests of the Swift modules in a release build, with ten million random calls"
step_release() {
  BOOTMEM_RANDOM_OPERATIONS=${BOOTMEM_RANDOM_OPERATIONS-10000000} \
    swift_tests .build-release -c release -Xswiftc -enable-testing
}

declare_step trees "the device trees that the tests read match their sources; those of QEMU's \
machines are read as libfdt reads them"
step_trees() {
  counted "the device trees" scripts/check-device-trees
  counted "the trees of QEMU's machines" scripts/check-trees --qemu
}

# Two million calls: the archive for i386, which has these words too, makes ten.  Small worlds, of eight
# pages at most, fill no word of either width: as many calls in them as in a debug build.
declare_step narrow \
  "the tests of the allocators and the heap once more, with words of 32 bits as on i386"
step_narrow() {
  BOOTMEM_TARGETS=allocators BOOTMEM_RANDOM_OPERATIONS=${BOOTMEM_RANDOM_OPERATIONS-2000000} \
    BOOTMEM_SMALL_WORLD_CALLS=${BOOTMEM_SMALL_WORLD_CALLS-60000} \
    swift_tests .build-narrow -c release -Xswiftc -enable-testing -Xswiftc -DBOOTMEM_NARROW_WORDS
}

declare_step pages \
  "the tests of both allocators and the heap with pages of 16 and of 64 KiB, in a debug build"
step_pages() {
  local size
  # Once with a heap of Swift's runtime that is debugged.  Of that heap's tests, the four that look at all bytes of
  # many pages take most of the time, and are left out with the larger pages.
  local -a options=(-Xswiftc -DBOOTMEM_HEAP_DEBUG -Xcc -DBOOTMEM_HEAP_DEBUG)
  for size in 16K 64K; do
    BOOTMEM_TARGETS=page-allocators BOOTMEM_RANDOM_OPERATIONS=${BOOTMEM_RANDOM_OPERATIONS-200000} \
      swift_tests ".build-pages-$size" "${once_in_debug[@]}" \
      -Xswiftc "-DBOOTMEM_PAGE_SIZE_$size" "${options[@]}"
    options=(--skip 'DebugHeapTests/(aDebugHeapWithoutPages|everySize|randomCalls|whenMemoryIsUsedUp)')
  done
}

# 1.2 million calls; BOOTMEM_THREAD_CALLS=10000000 are ten million for each number of threads.
declare_step threads \
  "2, 4 and 8 threads use the page caches as processors would, with the thread sanitizer"
step_threads() {
  BOOTMEM_TARGETS=page-caches BOOTMEM_THREAD_CALLS=${BOOTMEM_THREAD_CALLS-200000} \
    swift_tests .build-threads "${once_in_debug[@]}" --sanitize=thread --filter ThreadTests
}

declare_step library "libbootmem.a linked into C programs, for 32 and 64 bits"
step_library() { counted "the library" scripts/test-library; }

declare_step consumer "Swift kernels that depend on this package, for every processor"
step_consumer() { counted "the consumer" scripts/test-consumer; }

declare_step playground "the page with the allocator in WebAssembly, in a browser"
step_playground() { counted "the page" scripts/test-playground; }

# It links the archives that the library's tests build.
declare_step examples --after library \
  "the guides followed, and the examples under QEMU, as a user builds them"
step_examples() { counted "the examples" scripts/test-examples; }

# The same inputs each time, so that what fails is what was changed; others are for scripts/fuzz alone.
declare_step fuzz "ten thousand made-up inputs for every reader and for the allocators"
step_fuzz() { counted "fuzzing" scripts/fuzz --all --runs 10000; }

declare_step boots "the kernel under QEMU, on every board with every size of memory"
step_boots() {
  counted "the kernel" scripts/test-boots
  counted "the image" scripts/check-image
}

# It runs the kernels and the tool that those build.
declare_step readme --after boots "the commands whose output README and an article show"
step_readme() { counted "README" scripts/test-readme; }

# ---- By options only ----

step_boot() { check "a kernel boots" scripts/run; }

step_coverage() {
  local status=0
  swift_tests .build-coverage --enable-code-coverage
  print_coverage "$builds/.build-coverage" || status=$?
  add_counts $((status == 0)) 0 "$status"
}
