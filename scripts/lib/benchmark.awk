# SPDX-License-Identifier: MIT
# Prints the table of scripts/benchmark and judges it.  Three files are read:
#
#     rows.txt        see there
#     baseline.txt    PROGRAM/name value
#     results         PROGRAM/name value nanoseconds
#
# With `updating` set, what is measured becomes the baseline, and nothing is judged by it.

BEGIN {
  tolerance = 1.05
  program_count = split("c-x86_64 swift-x86_64 c-i386", programs, " ")
  split("C x86_64|Swift x86_64|C i386", program_titles, "|")
}

FNR == 1 { file++ }

/^#/ || /^[ \t]*$/ { next }

file == 1 && /^=/ {
  heading[row_count + 1] = substr($0, 3)
  section++
  next
}

file == 1 && /^spread / {
  for (column = 1; column <= program_count; column++) spread[section, column] = $(column + 1)
  next
}

file == 1 {
  split($0, field, / *\| */)
  names[++row_count] = field[1]
  section_of[row_count] = section
  known[field[1]] = 1
  title[row_count] = field[2]
  linux[row_count] = field[3]
  for (column = 1; column <= program_count; column++)
    required[row_count, column] = field[3 + column]
  next
}

file == 2 {
  baseline[$1] = $2
  row = $1
  sub(/.*\//, "", row)
  if (!updating && !(row in known))
    failures[++failure_count] = $1 ": the baseline has this row, rows.txt has not"
  next
}

{
  measured[$1] = $2
  time[$1] = $3
}

END {
  for (row = 1; row <= row_count; row++) {
    if (row in heading) pending = heading[row]
    if (!is_measured(names[row])) continue
    if (pending != "") print_heading(pending)
    pending = ""
    print_row(row, names[row], row > 1 ? names[row - 1] : "")
  }
  for (row = 1; row <= row_count; row++) judge_spread(names[row], section_of[row])
  if (failure_count > 0) print ""
  for (number = 1; number <= failure_count; number++) print "FAILED " failures[number]
  exit failure_count > 0
}

function is_measured(name,    column) {
  for (column = 1; column <= program_count; column++)
    if ((programs[column] "/" name) in measured) return 1
  return 0
}

# Whether a figure is too far above the least in its column and section.
function judge_spread(name, section,    column, key) {
  for (column = 1; column <= program_count; column++) {
    key = programs[column] "/" name
    if (key in measured && (section, column) in spread &&
        measured[key] - least[section, column] > spread[section, column])
      failures[++failure_count] = sprintf("%s: %s is more than %d above the least, %s",
        key, measured[key], spread[section, column], least[section, column])
  }
}

function print_heading(text,    column) {
  if (headings_printed++) print ""
  printf "%-52s%11s", text, "Linux 4.19"
  for (column = 1; column <= program_count; column++)
    printf "%13s%11s", program_titles[column], "required"
  printf "%10s\n", "time"
}

function print_row(row, name, above,    column, key, value, limit, marks, old, line) {
  line = sprintf("%-52s%11s", title[row], linux[row])
  for (column = 1; column <= program_count; column++) {
    key = programs[column] "/" name
    if (!(key in measured)) {
      line = line sprintf("%13s%11s", "", "")
      continue
    }
    value = measured[key]
    if (!((section_of[row], column) in least) || value < least[section_of[row], column])
      least[section_of[row], column] = value
    limit = figure(required[row, column], programs[column] "/" above)
    line = line sprintf("%13s%11s", grouped(value), grouped(limit))
    if (limit != "-" && value + 0 > limit + 0) marks = marks "  " program_titles[column] " over"
    old = key in baseline ? baseline[key] : "-"
    if (!updating) marks = marks judge(key, value, old, program_titles[column])
  }
  line = line sprintf("%10s", duration(time[programs[1] "/" name])) marks
  sub(/ +$/, "", line)
  print line
}

# A figure of rows.txt as a number, or `-`.
function figure(text, above,    reference) {
  if (text !~ /^\+/) return text
  reference = above in measured ? measured[above] : above in baseline ? baseline[above] : "-"
  if (reference == "-") return "-"
  sub(/^\+/, "", text)
  sub(/%$/, "", text)
  return int(reference * (100 + text) / 100)
}

# The mark that a figure gets from its baseline.
function judge(key, value, old, column) {
  if (old == "-") {
    failures[++failure_count] = key ": no baseline; scripts/benchmark --update writes it"
    return ""
  }
  if (value + 0 > old * tolerance) {
    failures[++failure_count] = sprintf("%s: %s is more than 5 %% above the baseline of %s",
      key, grouped(value), grouped(old))
    return "  " column " WORSE"
  }
  return value * tolerance < old + 0 ? "  " column " better" : ""
}

# 1234567.8 as 1 234 567.8
function grouped(number,    whole, rest) {
  whole = number
  rest = ""
  if (match(number, /\./)) {
    whole = substr(number, 1, RSTART - 1)
    rest = substr(number, RSTART)
  }
  while (length(whole) > 3) {
    rest = " " substr(whole, length(whole) - 2) rest
    whole = substr(whole, 1, length(whole) - 3)
  }
  return whole rest
}

function duration(nanoseconds) {
  if (nanoseconds == "") return ""
  if (nanoseconds >= 1e6) return sprintf("%.1f ms", nanoseconds / 1e6)
  if (nanoseconds >= 1e3) return sprintf("%.1f us", nanoseconds / 1e3)
  return sprintf("%.1f ns", nanoseconds)
}
