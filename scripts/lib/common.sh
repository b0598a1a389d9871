# SPDX-License-Identifier: MIT
# Shared by the scripts: messages, and the tools that they need.  Sourced, not run.
# shellcheck shell=bash

# The package's root.  Every script works from there.
# shellcheck disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# The folder that has everything that is built: the package's root, or the one that BOOTMEM_BUILD names,
# for a second run beside another, or for a clone that cannot be written to.
if [ -n "${BOOTMEM_BUILD-}" ]; then
  BOOTMEM_BUILD=$(realpath -m "$BOOTMEM_BUILD")
  export BOOTMEM_BUILD
fi
builds=${BOOTMEM_BUILD:-$root}

# copy_clone FOLDER: brings a copy of the clone up to date.  The package manager writes what it has resolved
# beside a manifest.
copy_clone() {
  local file
  mkdir -p "$1"
  for file in "$root"/* "$root"/.[a-z]*; do
    case ${file##*/} in build | .build* | .git) ;; *) cp -pRu "$file" "$1" ;; esac
  done
  find "$1" -type f ! -name Package.resolved | while IFS= read -r file; do
    [ -e "$root/${file#"$1/"}" ] || rm "$file"
  done
}
if [ "$builds" != "$root" ] && [ ! -w "$root" ]; then
  copy_clone "$builds/clone"
  exec "$builds/clone/scripts/${0##*/}" "$@"
fi

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: error: $*"
  exit 1
}

# help_on_request ARGUMENT…: if --help or -h is among them, prints the script's `usage` and ends it.
# Every script begins with that, before it looks for tools or builds anything.
help_on_request() {
  local argument
  for argument; do
    case $argument in --help | -h) usage && exit 0 ;; esac
  done
}

# install REASON PACKAGE…: installs packages of Debian's where that is allowed.  One at a time, whatever
# runs beside; the lists are fetched where there are none of the last hours.
install() {
  local -a as_root=()
  command -v apt-get >/dev/null || return 0
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 0
    as_root=(sudo -n)
  fi
  say "installing ${*:2}, for $1"
  {
    flock 9
    if has_package_lists || ${as_root[@]+"${as_root[@]}"} apt-get update -q; then
      ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -qy "${@:2}" || true
    fi
  } 9>"${TMPDIR:-/tmp}/bootmem-install.$(id -u)" >&2
}

# has_package_lists: whether apt has fetched its lists within six hours.
has_package_lists() {
  find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mmin -360 2>/dev/null | grep -q .
}

# require_command COMMAND PACKAGE: installs PACKAGE if COMMAND is missing and that is allowed, else prints
# the line to type.  A package in parentheses is only named.
require_command() {
  if command -v "$1" >/dev/null; then return; fi
  case $2 in
    \(*) die "$1 is not installed $2" ;;
  esac
  install "$1" "$2"
  command -v "$1" >/dev/null ||
    die "$1 is not installed; on Debian or Ubuntu type: sudo apt-get install $2"
}

# require_multilib: a compiler for 32-bit programs of this host, in the same way.
require_multilib() {
  require_command gcc gcc
  if builds_32_bit; then return; fi
  install "32-bit programs" gcc-multilib
  builds_32_bit ||
    die "gcc -m32 does not work; on Debian or Ubuntu type: sudo apt-get install gcc-multilib"
}

builds_32_bit() { echo 'int main(void) { return 0; }' | gcc -m32 -x c - -o /dev/null 2>/dev/null; }

# has_libfdt: whether C programs can use libfdt, which judges device trees; installs it where that is
# allowed.
has_libfdt() {
  if builds_with_libfdt; then return; fi
  install "the judge of device trees" libfdt-dev
  builds_with_libfdt
}

builds_with_libfdt() {
  printf '#include <libfdt.h>\nint main(void) { return fdt_check_full(0, 0) == 0; }' |
    cc -x c - -o /dev/null -lfdt 2>/dev/null
}

# cross_compiler ARCH, emulator ARCH: what makes and runs programs of Linux for it on this host; nothing
# where that is not installed, such as the compiler without the C library, which is a package of its own.
cross_compiler() {
  local compiler
  compiler=$(command -v "$1-linux-gnu-gcc") || return 0
  if [ -e "$("$compiler" -print-file-name=crt1.o)" ]; then echo "$compiler"; fi
}
emulator() { command -v "qemu-$1" || command -v "qemu-$1-static" || true; }

# cross_install_line ARCH: what to type for both.
cross_install_line() {
  local library=$1
  if [ "$1" = aarch64 ]; then library=arm64; fi
  echo "type: sudo apt-get install gcc-$1-linux-gnu libc6-dev-$library-cross qemu-user"
}

# require_builds: the folder that has what is built, or what to do where it cannot be written to.
require_builds() {
  { mkdir -p "$builds/build" && [ -w "$builds" ] && [ -w "$builds/build" ]; } 2>/dev/null ||
    die "'$builds' cannot be written to; BOOTMEM_BUILD=FOLDER puts all that is built into another folder"
}

# one_at_a_time NAME: waits until no other run of this kind uses the folder that has what is built.
one_at_a_time() {
  exec {lock}>"$builds/build/$1.lock"
  flock -n "$lock" || {
    say "another $1 uses $builds, so this one waits; BOOTMEM_BUILD=FOLDER gives it a folder of its own"
    flock "$lock"
  }
}

# shown_on_failure COMMAND…: runs a build, and shows what it prints if it fails.  How far it is, it says
# meanwhile: on a terminal in one line, else every ten seconds.
shown_on_failure() {
  local line output='' shown=$SECONDS
  while IFS= read -r line; do
    output+=$line$'\n'
    if [[ $line != \[*/*\]* ]]; then continue; fi
    if [ -t 2 ]; then
      printf '\r\033[K%.79s' "$line" >&2
    elif [ $((SECONDS - shown)) -ge 10 ]; then
      say "$line"
      shown=$SECONDS
    fi
  done < <("$@" 2>&1)
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  wait $! || { printf '%s' "$output" >&2 && return 1; }
}

# end_children PROCESS: ends all that it has started.  Steps in the background do not notice an interrupt.
end_children() {
  local child
  # shellcheck disable=SC2013  # they stand on one line
  for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
    end_children "$child"
    kill "$child" 2>/dev/null || true
  done
}

# How many commands run beside others, and how many of those that have ended did so well, or otherwise.
running_count=0 well_count=0 badly_count=0

# beside COMMAND…: begins a command that runs while others do.  Waits first until fewer run than there are
# processors.
beside() {
  while [ "$running_count" -ge "$(nproc)" ]; do await_one; done
  "$@" &
  running_count=$((running_count + 1))
}

# await_one: waits for one of them to end.
await_one() {
  if wait -n; then well_count=$((well_count + 1)); else badly_count=$((badly_count + 1)); fi
  running_count=$((running_count - 1))
}

# await_all: waits for all of them.
await_all() { while [ "$running_count" -gt 0 ]; do await_one; done; }

# changelog_version: the version of the changelog's first section.
changelog_version() { sed -nE 's/^## \[([^]]+)\].*/\1/p' "$root/Sources/CHANGELOG.md" | head -n 1; }

# seconds_since START: whole seconds on the clock since START, a value of $SECONDS.
seconds_since() { echo $((SECONDS - $1)); }

# Swift Testing would note for every error where it was thrown.  The tests throw millions: it would take two thirds
# of their time.
export SWT_SWIFT_ERROR_BACKTRACING_ENABLED=0

# swift_tool NAME: a tool that came with the Swift compiler, and knows its intermediate code.
swift_tool() { echo "$(dirname "$(readlink -f "$(command -v swiftc)")")/$1"; }

# How a module is compiled as a whole, without a pass of its own for its interface, which the compiler's driver
# would add: it takes as long as the rest.
readonly -a whole_module=(-wmo -no-emit-module-separately-wmo)

# The same for what the package manager builds once for debugging, which takes two thirds of the time; only with
# threads does the compiler write the objects that it expects, one for each file.
once_in_debug=()
for option in "${whole_module[@]}" -num-threads "$(nproc)"; do once_in_debug+=(-Xswiftc "$option"); done
readonly -a once_in_debug
unset option

# How the package manager builds what nobody looks into with a debugger or an editor: without what a debugger
# reads, which takes a seventh of the time; without the system's modules in the index, in which it looks for tests,
# since they take up to four seconds in each folder; and tests that are not optimised in a release build, again
# without that pass.
readonly -a without_debugger=(-debug-info-format none -Xswiftc -index-ignore-system-modules
  -Xswiftc -no-emit-module-separately-wmo)

# build_dependent ARGUMENT…: `swift build` of a package that has this one by its folder.  It plans anew each
# time, as the package manager does not notice that a file of the other package went away.
build_dependent() { require_builds && swift build --disable-build-manifest-caching "$@"; }
