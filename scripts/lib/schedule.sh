# SPDX-License-Identifier: MIT
# Running the steps of scripts/test beside each other.  Sourced after common.sh, tally.sh and steps.sh.
# shellcheck shell=bash disable=SC2154

: "${root:?common.sh has to be read before}"

# How many steps run at a time.  What a step does beside, as boots, it does as many at a time again, so
# that no processor waits for the last of them.
lanes=$(nproc)
readonly lanes

# run_steps FOLDER STEP…: runs them, as many at a time as there are processors, each after those of them
# that it needs.  The output of each goes to FOLDER/STEP.log, and is printed whole, in the order of the
# steps; that of a single one as it comes.  Adds their counts, and prints what each took.
run_steps() {
  local folder=$1 name process ended=0
  shift
  local -a waiting=() unprinted=("$@")
  local -A state=() running=()
  for name; do state[$name]=waiting; done
  for name in "${longest_steps[@]}" "$@"; do
    case " ${waiting[*]} " in *" $name "*) continue ;; esac
    if [ -n "${state[$name]-}" ]; then waiting+=("$name"); fi
  done
  if [ $# -eq 1 ]; then
    run_step "$folder" "$1" 2>&1 | tee "$folder/$1.log"
    count_step "$folder" "$1"
    unprinted=()
  fi
  while [ "${#unprinted[@]}" -gt 0 ]; do
    start_steps
    process=''
    wait -n -p process "${!running[@]}" || true
    name=${running[$process]}
    unset "running[$process]"
    state[$name]=ended ended=$((ended + 1))
    say "-- $name ended, $ended of $#"
    print_ended_steps
  done
  print_shares "$folder" "$@"
}

# start_steps: begins what may begin.  Of run_steps, whose variables it uses, as is the next.
start_steps() {
  local name before
  local -a left=()
  for name in ${waiting[@]+"${waiting[@]}"}; do
    for before in ${step_after[$name]-}; do
      # One that was not asked for is not waited for.
      case ${state[$before]-ended} in waiting | running) continue 2 ;; esac
    done
    if [ "${#running[@]}" -ge "$lanes" ]; then break; fi
    say "-- $name begins"
    run_step "$folder" "$name" >"$folder/$name.log" 2>&1 &
    running[$!]=$name
    state[$name]=running
  done
  for name in "${waiting[@]}"; do
    if [ "${state[$name]}" = waiting ]; then left+=("$name"); fi
  done
  waiting=(${left[@]+"${left[@]}"})
}

# print_ended_steps: the output of those whose turn it is.
print_ended_steps() {
  while [ "${#unprinted[@]}" -gt 0 ] && [ "${state[${unprinted[0]}]}" = ended ]; do
    say "== ${unprinted[0]}"
    cat "$folder/${unprinted[0]}.log"
    count_step "$folder" "${unprinted[0]}"
    unprinted=("${unprinted[@]:1}")
  done
}

# run_step FOLDER NAME: one step, with counts of its own; its last line says what passed.
run_step() {
  local folder=$1 name=$2 started=$SECONDS status=0
  # shellcheck disable=SC2034
  passed_count=0 failed_count=0 skipped_count=0
  # In the background, for what stands left of || goes on after an error.
  (
    trap 'times >"$folder/$name.times"' EXIT
    "step_$name"
    finish_tally
  ) </dev/null &
  wait $! || status=$?
  echo "$status" >"$folder/$name.status"
  echo $((SECONDS - started)) >"$folder/$name.seconds"
}

# count_step FOLDER NAME: adds what it counted.
count_step() { add_tally "$2" "$1/$2.log" "$(cat "$1/$2.status")"; }

# print_shares FOLDER STEP…: the seconds of each on the clock, those of the processors, and their sums.
print_shares() {
  local folder=$1 name
  shift
  for name; do
    echo "$name $(cat "$folder/$name.seconds") $(processor_seconds "$folder/$name.times")"
  done | awk '
    { name[NR] = $1; clock[NR] = $2; used[NR] = $3; sum += $3 }
    END {
      printf "%-10s %8s %10s\n", "step", "clock", "processor"
      for (i = 1; i <= NR; i++)
        printf "%-10s %6d s %8d s %4d %%\n", name[i], clock[i], used[i], sum ? used[i] * 100 / sum : 0
      printf "%-10s %8s %8d s\n", "all", "", sum
    }' >&2
}

# processor_seconds FILE: the sum of what `times` has printed: the shell and what it waited for.
processor_seconds() {
  awk '{ for (i = 1; i <= NF; i++) { split($i, part, "[ms]"); sum += part[1] * 60 + part[2] } }
    END { printf "%.0f", sum }' "$1"
}
