# Articles, and the example code that they quote.  Sourced after common.sh.
# shellcheck shell=bash

# quotes ARTICLE FOLDER…: the article's examples, in C and Swift, stand so in files of the folders,
# wherever indented.
quotes() {
  local -a sources
  mapfile -t sources < <(find "${@:2}" -name '*.swift' -o -name '*.[ch]')
  awk '
    function checked(    name) {
      count++
      for (name in text) if (index(text[name], block)) return
      printf "no file of the examples has:%s", block
      bad = 1
    }
    { sub(/^[ \t]+/, "") }
    FILENAME != ARGV[ARGC - 1] {
      if (!(FILENAME in text)) text[FILENAME] = "\n"
      text[FILENAME] = text[FILENAME] $0 "\n"
      next
    }
    /^```/ { if (inside) checked(); inside = !inside && /^```(swift|c)$/; block = "\n"; next }
    inside { block = block $0 "\n" }
    END {
      if (inside || !count) { print "no whole example in " FILENAME; bad = 1 }
      exit bad
    }
  ' "${sources[@]}" "$1"
}

# commands ARTICLE: what the article says to type, its examples in sh.
# shellcheck disable=SC2016
commands() { sed -n '/^```sh$/,/^```$/{/^```/d; p}' "$1"; }
