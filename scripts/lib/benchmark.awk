# Prints the table of scripts/benchmark and judges it.  Three files are read:
#
#     rows.txt        see there
#     baseline.txt    name value
#     results         name value nanoseconds
#
# With `updating` set, what is measured becomes the baseline, and nothing is judged by it.

BEGIN { tolerance = 1.05 }

FNR == 1 { file++ }

/^#/ || /^[ \t]*$/ { next }

file == 1 && /^=/ {
  heading[row_count + 1] = substr($0, 3)
  next
}

file == 1 {
  split($0, field, / *\| */)
  names[++row_count] = field[1]
  known[field[1]] = 1
  title[row_count] = field[2]
  linux[row_count] = field[3]
  required[row_count] = field[4]
  aim[row_count] = field[5]
  next
}

file == 2 {
  baseline[$1] = $2
  if (!updating && !($1 in known))
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
    if (!(names[row] in measured)) continue
    if (pending != "") print_heading(pending)
    pending = ""
    print_row(row, names[row], row > 1 ? names[row - 1] : "")
  }
  if (failure_count > 0) print ""
  for (number = 1; number <= failure_count; number++) print "FAILED " failures[number]
  exit failure_count > 0
}

function print_heading(text) {
  if (headings_printed++) print ""
  printf "%-45s%11s%11s%11s%11s%11s%11s\n",
    text, "Linux 4.19", "required", "aim", "baseline", "measured", "time"
}

function print_row(row, name, above,    value, limit, marks, old, line) {
  value = measured[name]
  limit = figure(required[row], above)
  if (limit != "-" && value + 0 > limit + 0) marks = marks "  over"
  old = name in baseline ? baseline[name] : "-"
  if (!updating) marks = marks judge(name, value, old)
  line = sprintf("%-45s%11s%11s%11s%11s%11s%11s%s", title[row], linux[row], grouped(limit),
    grouped(figure(aim[row], above)), grouped(old), grouped(value), duration(time[name]), marks)
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

# The mark that a row gets beside its baseline.
function judge(name, value, old) {
  if (old == "-") {
    failures[++failure_count] = name ": no baseline; scripts/benchmark --update " name " writes it"
    return ""
  }
  if (value + 0 > old * tolerance) {
    failures[++failure_count] = sprintf("%s: %s is more than 5 %% above the baseline of %s",
      name, grouped(value), grouped(old))
    return "  WORSE"
  }
  return value * tolerance < old + 0 ? "  better" : ""
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
