# Shared by the scripts: messages, and the tools that they need.  Sourced, not run.
# shellcheck shell=bash

# The package's root.  Every script works from there.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: error: $*"
  exit 1
}

# require_command COMMAND PACKAGE: installs Debian's PACKAGE if COMMAND lacks and that is allowed,
# else prints the line to type.
require_command() {
  local command=$1 package=$2
  if command -v "$command" >/dev/null; then return; fi
  local -a as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  if command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
    say "installing $package, for $command"
    "${as_root[@]}" apt-get update -q >&2 &&
      DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -qy "$package" >&2 || true
  fi
  command -v "$command" >/dev/null ||
    die "$command is not installed; on Debian or Ubuntu type: sudo apt-get install $package"
}

# seconds_since START: whole seconds on the clock since START, a value of $SECONDS.
seconds_since() { echo $((SECONDS - $1)); }
