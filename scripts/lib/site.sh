# SPDX-License-Identifier: MIT
# The first page of the site that scripts/docs makes, and the links between the modules.  Sourced after
# common.sh.
# shellcheck shell=bash

# title FILE: of an article or of a module's page, without marks.
title() { sed -nE '1s/^# (.*)$/\1/p' "$1" | tr -d '`'; }

# abstract FILE: the first paragraph below the title.
abstract() {
  awk 'NR > 1 && NF { text = text (text == "" ? "" : " ") $0; next } text != "" { exit } END { print text }' "$1" |
    tr -d '`'
}

# topics FILE: the groups of its topics that have articles, as lines `group TITLE` and `article NAME`.
topics() {
  awk '
    /^## / { inside = $0 == "## Topics" }
    !inside { next }
    sub(/^### /, "") { group = $0 }
    sub(/^- <doc:/, "") && sub(/>$/, "") {
      if (group != "") print "group " group
      group = ""
      print "article " $0
    }
  ' "$1"
}

# address MODULE [ARTICLE]: where a page is, from the site's own folder.
address() {
  local path=$1
  if [ $# -gt 1 ]; then path+=/$2; fi
  echo "documentation/${path,,}"
}

# link_to_others MODULE FOLDER OTHER…: the page of a module, in a copy of its catalogue, gets links to all
# other modules; DocC itself knows only those that were converted before.
link_to_others() {
  local module=$1 folder=$2 other links='' separator=''
  shift 2
  for other; do
    [ "$other" = "$module" ] && continue
    links+="$separator[\`$other\`](/$(address "$other"))" separator=', '
  done
  awk -v links="$links" '
    /^## Topics$/ && !done { print "### The other modules\n\n" links ".\n"; done = 1 }
    { print }
    END { exit !done }
  ' "$folder/$module.md" >"$folder/page" && mv "$folder/page" "$folder/$module.md"
}

# entry ADDRESS TITLE [TEXT]: an entry of a list.
entry() {
  printf '<li><a href="%s/">%s</a>%s</li>\n' "$1" "$(escaped "$2")" "${3:+<br>$(escaped "$3")}"
}

escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' <<<"$1"; }

# front_page SITE MODULE…: the page that a server sends for the site's own folder.  The groups of articles of
# Bootmem, the way in, come first.  `catalogue MODULE` names the folder of a module's articles.
front_page() {
  local site=$1 module kind name articles open=false
  shift
  cat <<'END'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>swift-bootmem</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
  li { margin: 0.4rem 0 }
  li li { margin: 0 }
</style>
<h1>swift-bootmem</h1>
<p>The first memory allocator that a kernel runs: Linux's bootmem, written in Embedded Swift, for kernels in
Swift and in C.</p>
END
  if [ -e "$site/playground/index.html" ]; then
    printf '<h2>Try it</h2>\n<ul>\n'
    entry playground "The playground" "The allocator itself, in your browser."
    printf '</ul>\n'
  fi
  while read -r kind name; do
    case $kind in
      group)
        if "$open"; then printf '</ul>\n'; fi
        printf '<h2>%s</h2>\n<ul>\n' "$(escaped "$name")"
        open=true
        ;;
      article)
        articles=$(catalogue Bootmem)
        entry "$(address Bootmem "$name")" "$(title "$articles/$name.md")" "$(abstract "$articles/$name.md")"
        ;;
    esac
  done < <(topics "$(catalogue Bootmem)/Bootmem.md")
  printf '</ul>\n<h2>Modules</h2>\n<ul>\n'
  for module; do
    articles=$(catalogue "$module")
    entry "$(address "$module")" "$module" "$(abstract "$articles/$module.md")" | sed 's/<.li>$//'
    if [ "$module" != Bootmem ] && topics "$articles/$module.md" | grep -q '^article '; then
      printf '<ul>\n'
      while read -r kind name; do
        if [ "$kind" = article ]; then
          entry "$(address "$module" "$name")" "$(title "$articles/$name.md")"
        fi
      done < <(topics "$articles/$module.md")
      printf '</ul>\n'
    fi
    printf '</li>\n'
  done
  printf '</ul>\n</html>\n'
}

# front_page_leads_everywhere SITE MODULE…: each link of the first page leads to a page of the site; each
# module, each article and the playground has a link.
front_page_leads_everywhere() {
  local site=$1 target module article bad=0
  shift
  while IFS= read -r target; do
    [ -e "$site/$target/index.html" ] || { echo "leads nowhere: $target" && bad=1; }
  done < <(grep -oE 'href="[^"]*"' "$site/index.html" | sed -E 's/^href="(.*)"$/\1/')
  for module; do
    for article in "$(catalogue "$module")"/*.md; do
      target=$(basename "$article" .md)
      if [ "$target" = "$module" ]; then target=$(address "$module"); else target=$(address "$module" "$target"); fi
      grep -qF "href=\"$target/\"" "$site/index.html" || { echo "no link to $target" && bad=1; }
    done
  done
  [ ! -e "$site/playground" ] || grep -qF 'href="playground/"' "$site/index.html" ||
    { echo "no link to the playground" && bad=1; }
  return "$bad"
}

# modules_link_each_other SITE MODULE…: the page of each module has a link to every other one.
modules_link_each_other() {
  local site=$1 module other bad=0
  shift
  for module; do
    for other; do
      [ "$module" = "$other" ] || grep -qF "\"/$(address "$other")\"" "$site/data/$(address "$module").json" ||
        { echo "$module has no link to $other" && bad=1; }
    done
  done
  return "$bad"
}
