# SPDX-License-Identifier: MIT
# How much of the modules hosted tests cover.  Sourced after common.sh and tally.sh.
# shellcheck shell=bash

# What the core must have, lines and regions, in percent.
readonly core_coverage=98

# print_coverage FOLDER: a table of what the tests in this build folder covered when they last ran:
# percent of the lines and of the regions of each module, and why it is not all.  Fails if the core
# has too little.
print_coverage() {
  local folder=$1 tests profile
  tests=$(echo "$folder"/debug/*.xctest) profile=$folder/debug/codecov/default.profdata
  [ -d "$tests" ] && tests=$(echo "$tests"/Contents/MacOS/*)
  "$(swift_tool llvm-cov)" report "$tests" -instr-profile "$profile" Sources |
    awk -v least=$core_coverage '
      FILENAME != "-" {
        if (!/^#/ && NF) { module = $1; sub(/^[^ ]+ +/, ""); reason[module] = $0; order[++count] = module }
        next
      }
      # A source: its regions, those missed, … its lines, those missed.
      $1 ~ /\.swift$/ {
        module = $1
        sub(/^.*Sources\//, "", module)
        sub(/\/.*/, "", module)
        if (!(module in regions) && !(module in reason)) order[++count] = module
        regions[module] += $2; no_regions[module] += $3; lines[module] += $8; no_lines[module] += $9
      }
      END {
        printf "%-16s %7s %7s  %s\n", "module", "lines", "regions", "what is not covered"
        for (i = 1; i <= count; i++) {
          module = order[i]
          if (lines[module] == 0) { printf "%-16s %7s %7s  %s\n", module, "-", "-", reason[module]; continue }
          of_lines = 100 - 100 * no_lines[module] / lines[module]
          of_regions = 100 - 100 * no_regions[module] / regions[module]
          if (no_lines[module] + no_regions[module] == 0) reason[module] = ""
          else if (reason[module] == "") { reason[module] = "no reason is in Tests/coverage.txt"; bad = 1 }
          printf "%-16s %7.2f %7.2f  %s\n", module, of_lines, of_regions, reason[module]
          if (module == "BootMemory" && (of_lines < least || of_regions < least)) {
            printf "the core has less than %d %%\n", least
            bad = 1
          }
          if (module == "BootMemory") seen = 1
        }
        exit bad || !seen
      }' Tests/coverage.txt -
}
