# SPDX-License-Identifier: MIT
# The emulated machine: from the options of scripts/run to QEMU's command line.  Sourced after
# common.sh and kernel.sh.
# shellcheck shell=bash

machine_usage() {
  cat <<'END'
  --arch i386|x86_64|aarch64|riscv64   the processor (default: i386)
  --loader multiboot|pvh|grub|grub1   what loads the kernel (default: multiboot); GRUB uses
                                   Multiboot 2, and as grub1 Multiboot 1; all of them on x86
  --firmware bios|uefi             what the loader runs on (default: bios); UEFI, 64-bit for both
                                   processors, with GRUB on pc and q35
  --machine pc|q35|microvm|isapc   the board (default: pc)
  --machine virt|virt-el2          the board of aarch64 and riscv64 (default: virt), with a device
                                   tree; virt-el2, for aarch64, enters the kernel in EL2
  --memory SIZE                    such as 16M, 6G, 16T (default: 128M); beyond 6G it is only
                                   reserved in the host's address space, not taken
  --processor NAME                 QEMU's processor and its features, such as qemu64,-nx (default: one
                                   that the board supports, and that can address the memory)
  --processors N                   how many there are (default: 1, or one for each node); with `caches=N`
                                   on its command line the kernel uses 1, 2, 4 or 8 of them
  --nodes N | SIZE,SIZE,…          memory nodes of equal or given sizes, such as 4 or 1G,0,512M;
                                   on pc, q35 and virt
  --page-size 4K|16K|64K           the size of the kernel's pages (default: 4K); others on aarch64, in debug
  --append "WORDS"                 the kernel's command line; with the word `heap` the kernel is the one
                                   that has Swift's classes and collections
  --module FILE                    a file for the loader to place in memory; may be repeated, except
                                   on virt, where it is the initial ramdisk
END
}

# parse_machine OPTION VALUE…: sets the variables that describe the machine.  What it does not know
# is left in the array `other_options`.
parse_machine() {
  arch=i386 loader='' firmware='' machine='' memory=128M append='' nodes=''
  processor='' processors='' page_size=4K
  modules=() other_options=()
  while [ $# -gt 0 ]; do
    case $1 in
      --arch | --loader | --firmware | --machine | --memory | --nodes | --processor | --processors | --page-size | \
        --append | --module)
        [ $# -ge 2 ] || die "$1 needs a value"
        case $1 in
          --module) modules+=("$2") ;;
          --page-size) page_size=$2 ;;
          *) printf -v "${1#--}" %s "$2" ;;
        esac
        shift 2
        ;;
      *)
        other_options+=("$1")
        shift
        ;;
    esac
  done
  one_of "$arch" i386 x86_64 aarch64 riscv64
  choose_kernel "$append"
  if has_device_tree "$arch"; then
    loader=${loader:-tree} firmware=${firmware:-tree} machine=${machine:-virt}
    one_of "$loader" tree
    one_of "$firmware" tree
    if [ "$arch" = aarch64 ]; then one_of "$machine" virt virt-el2; else one_of "$machine" virt; fi
  else
    loader=${loader:-multiboot} firmware=${firmware:-bios} machine=${machine:-pc}
    one_of "$loader" multiboot pvh grub grub1
    one_of "$firmware" bios uefi
    one_of "$machine" pc q35 microvm isapc
  fi
  if [ "$arch" = aarch64 ]; then
    one_of "$page_size" 4K 16K 64K
  else
    one_of "$page_size" 4K
  fi
  [[ $memory =~ ^[1-9][0-9]*[MGT]$ ]] || die "memory '$memory' is not a size such as 16M, 6G or 1T"
  [[ -z $nodes || $nodes =~ ^[1-9][0-9]*$ || $nodes =~ ^[0-9]+[MGT]?(,[0-9]+[MGT]?)+$ ]] ||
    die "nodes '$nodes' are neither a number nor sizes such as 1G,512M"
  if [ "$loader" = pvh ] && [ "${#modules[@]}" -gt 1 ]; then
    die "QEMU passes no more than one module by PVH"
  fi
  if [ "$loader" = tree ] && [ "${#modules[@]}" -gt 1 ]; then
    die "a device tree describes no more than one module"
  fi
  [[ $processors =~ ^([1-9][0-9]{0,2})?$ && ${processors:-1} -le $(most_processors) ]] ||
    die "'$processors' is not a number of processors from 1 to $(most_processors), the most on $machine"
  if [ -n "$processors" ] && [ -n "$nodes" ]; then
    die "--processors does not go with --nodes: each node has one processor"
  fi
  case $nodes/$machine in
    /* | */pc | */q35 | */virt | */virt-el2) ;;
    *) die "the firmware of $machine does not report nodes; that of pc and q35 does" ;;
  esac
  case $firmware/$loader/$machine in
    bios/* | tree/* | uefi/grub*/pc | uefi/grub*/q35) ;;
    *) die "with UEFI the kernel is loaded by GRUB, on pc or q35" ;;
  esac
  divide_memory
  require_least_memory
  local module
  for module in ${modules[@]+"${modules[@]}"}; do
    [ -r "$module" ] || die "module '$module' cannot be read"
  done
}

# most_processors, most_nodes: what QEMU has of them on the board.
most_processors() {
  case $machine/$arch in
    q35/*) echo 288 ;;
    virt*/aarch64) echo 8 ;;
    virt/*) echo 512 ;;
    *) echo 255 ;;
  esac
}
most_nodes() {
  case $arch in
    aarch64) echo 8 ;;
    riscv64) echo 4 ;;
    *) echo 128 ;;
  esac
}

# divide_memory: sets the array `node_sizes` to MiB of each node that --nodes has named, and then `memory`
# to their sum.
divide_memory() {
  local size total=0 count
  node_sizes=()
  if [ -z "$nodes" ]; then return; fi
  if [[ $nodes == *,* ]]; then
    IFS=, read -ra node_sizes <<<"$nodes"
    count=${#node_sizes[@]}
  else
    count=$nodes
  fi
  [ "${#count}" -le 3 ] && [ "$count" -le "$(most_nodes)" ] ||
    die "$count nodes are more than $(most_nodes), the most that QEMU has for $arch"
  total=$(in_mebibytes "$memory")
  if [ "${#node_sizes[@]}" -eq 0 ]; then
    [ "$total" -ge "$count" ] || die "memory of $memory is less than 1M for each of $count nodes"
    while [ "${#node_sizes[@]}" -lt "$count" ]; do node_sizes+=("$((total / count))M"); done
  fi
  total=0
  for size in "${!node_sizes[@]}"; do
    node_sizes[size]=$(in_mebibytes "${node_sizes[size]}")
    total=$((total + node_sizes[size]))
  done
  memory=${total}M
}

# require_least_memory: refuses memory that is too little for any kernel, before one is built; how much the
# one that is built takes, require_room_for knows.
require_least_memory() {
  local least=2
  if [ "$loader" = tree ]; then least=3; fi
  if [ "$firmware" = uefi ]; then least=64; fi
  [ "$(in_mebibytes "$memory")" -ge "$least" ] ||
    die "memory of $memory is too little for a kernel: with $loader on $machine it needs at least ${least}M"
}

one_of() {
  local value=$1 known
  shift
  for known; do
    if [ "$value" = "$known" ]; then return; fi
  done
  die "unknown value '$value': one of $* is needed"
}

# in_mebibytes SIZE: 16M, 6G, 1T, 0 as a number.
in_mebibytes() {
  case $1 in
    *M) echo "${1%M}" ;;
    *G) echo $((${1%G} << 10)) ;;
    *T) echo $((${1%T} << 20)) ;;
    0) echo 0 ;;
    *) die "'$1' is not a size such as 16M, 6G or 1T" ;;
  esac
}

# emulator_package EMULATOR: the package of Debian's that qemu-system-EMULATOR is in.
emulator_package() {
  case $1 in
    aarch64) echo qemu-system-arm ;;
    riscv64) echo qemu-system-misc ;;
    *) echo qemu-system-x86 ;;
  esac
}

# OVMF, the UEFI for virtual machines.
readonly uefi_image=/usr/share/ovmf/OVMF.fd

# qemu_command SCRATCH [IMAGE]: sets the array `qemu` for the machine that parse_machine described, and
# the built kernel, or another image.  What has to be made for it goes to the folder SCRATCH.
qemu_command() {
  local image=${2-}
  start_qemu_command
  require_room_for "${image:-$(kernel_image "$arch")}"
  if [ -z "$image" ]; then image=$(loader_image "$arch" "$loader" "$1"); fi
  case $loader in
    grub*) add_disc "$image" "$1" ;;
    *) add_image "$image" ;;
  esac
}

# board_emulator: which of QEMU's emulators has the board.
board_emulator() { if [ "$firmware" = uefi ]; then echo x86_64; else echo "$arch"; fi; }

# require_board: what the board takes that parse_machine described, an emulator, and UEFI or GRUB.  Scripts
# that build a kernel ask for it before.
require_board() {
  require_command "qemu-system-$(board_emulator)" "$(emulator_package "$(board_emulator)")"
  if [ "$firmware" = uefi ]; then
    require_uefi
  elif [[ $loader == grub* ]]; then
    require_grub
  fi
}

# start_qemu_command: sets the array `qemu` for that machine, without anything to boot, and the array
# `qemu_ending` for a run that passes its serial output through and ends when the kernel says so.
start_qemu_command() {
  local emulator
  require_board
  emulator=$(board_emulator)
  qemu=("qemu-system-$emulator" -no-reboot -net none)
  # shellcheck disable=SC2034
  qemu_ending=(-monitor none -serial stdio)
  case $arch in
    aarch64 | riscv64) qemu_ending+=(-semihosting-config "enable=on,target=native") ;;
    *) qemu_ending+=(-device "isa-debug-exit,iobase=0xf4,iosize=4") ;;
  esac
  add_memory "$emulator"
  if [ "$firmware" = uefi ]; then qemu+=(-bios "$uefi_image"); fi
}

# add_no_screen: for a run at whose screen nobody looks: leaves out the screen and, where that changes nothing in
# the memory map, the drives.  Firmware looks for both, half of the time that it takes to come to the kernel.
# GRUB comes from a drive, and its boots have all that the board has.
add_no_screen() {
  qemu+=(-display none)
  case $loader/$machine in
    grub*) ;;
    */q35) qemu+=(-vga none) ;;
    *) qemu+=(-nodefaults) ;;
  esac
}

# require_room_for IMAGE: refuses memory that cannot hold a kernel, or its firmware, which loaders and
# firmware do in silence.
require_room_for() {
  local type address byte_count end=0 start=0
  while read -r type _ _ address _ byte_count _; do
    if [ "$type" = LOAD ] && [ $((address + byte_count)) -gt "$end" ]; then
      end=$((address + byte_count))
    fi
  done < <(readelf --program-headers --wide "$1")
  case $arch in
    aarch64) start=0x40000000 ;;
    riscv64) start=0x80000000 ;;
  esac
  end=$((end - start))
  if [ "$(in_mebibytes "$memory")" -lt $(((end + (1 << 20) - 1) >> 20)) ]; then
    die "memory of $memory cannot hold the kernel, whose image ends at $(printf 0x%x $((start + end)))"
  fi
}

# Memory beyond what a host may be expected to have is only reserved, and needs a processor that can
# address it.
add_memory() {
  local emulator=$1 reserve=on fitting='' machine=$machine
  if [ "$(in_mebibytes "$memory")" -gt 6144 ]; then
    reserve=off fitting=max
    case $emulator in
      x86_64) fitting=max,phys-bits=48 ;;
      riscv64) fitting=rv64 ;;
    esac
  elif [ "$emulator/$machine" = x86_64/isapc ]; then
    fitting=qemu64 # the board's default is a 486
  elif [ "$page_size" = 16K ]; then
    fitting=max # QEMU's named processors do not have these pages
  elif [ "$emulator" = aarch64 ]; then
    fitting=cortex-a57 # the board's default has 32 bits
  fi
  if [ "$machine" = virt-el2 ]; then machine=virt,virtualization=on; fi
  # With the board's first interrupt controller QEMU 7.2 has no machine of more than two nodes.
  if [ "$emulator" = riscv64 ] && [ -n "$nodes" ]; then machine=virt,aia=aplic; fi
  fitting=${processor:-$fitting}
  if [ -n "$fitting" ]; then qemu+=(-cpu "$fitting"); fi
  if [ -n "$processors" ]; then qemu+=(-smp "$processors"); fi
  if [ -n "$nodes" ]; then
    add_nodes "$reserve"
  elif [ "$reserve" = off ]; then
    qemu+=(-machine "$machine,memory-backend=ram" -m "$memory"
      -object "memory-backend-ram,id=ram,size=$memory,reserve=off")
  else
    qemu+=(-machine "$machine" -m "$memory")
  fi
}

# A processor for each node, as firmware names only nodes that have a processor or memory.
add_nodes() {
  local reserve=$1 node=0 size
  for size in "${node_sizes[@]}"; do
    if [ "$size" -gt 0 ]; then
      qemu+=(-object "memory-backend-ram,id=node$node,size=${size}M,reserve=$reserve"
        -numa "node,nodeid=$node,memdev=node$node,cpus=$node")
    else
      qemu+=(-numa "node,nodeid=$node,cpus=$node")
    fi
    node=$((node + 1))
  done
  qemu+=(-machine "$machine" -m "$memory" -smp "$node")
}

# add_image IMAGE: QEMU itself loads the kernel.
add_image() {
  qemu+=(-kernel "$1" -append "$append")
  if [ "${#modules[@]}" -gt 0 ]; then
    qemu+=(-initrd "$(IFS=, && echo "${modules[*]}")")
  fi
}

# has_grub: whether a disc that boots by GRUB can be made for the firmware.
has_grub() {
  command -v grub-mkrescue >/dev/null && command -v xorriso >/dev/null || return 1
  case $1 in
    bios) [ -d /usr/lib/grub/i386-pc ] ;;
    uefi) [ -d /usr/lib/grub/x86_64-efi ] && command -v mformat >/dev/null ;;
  esac
}

# has_uefi: whether QEMU can run UEFI, and a disc that boots by GRUB there can be made.
has_uefi() { [ -r "$uefi_image" ] && has_grub uefi; }

# What these two need.
readonly grub_packages=(grub-pc-bin grub-common xorriso)
readonly uefi_packages=(ovmf grub-efi-amd64-bin grub-common xorriso mtools)

require_grub() {
  has_grub bios || install "GRUB" "${grub_packages[@]}"
  has_grub bios || die "GRUB is needed: sudo apt-get install ${grub_packages[*]}"
}

require_uefi() {
  has_uefi || install "UEFI" "${uefi_packages[@]}"
  has_uefi || die "UEFI and GRUB are needed: sudo apt-get install ${uefi_packages[*]}"
}

# add_disc IMAGE SCRATCH: GRUB loads the kernel, from SCRATCH/grub.iso, which is made.
add_disc() {
  local disc=$2/disc number=0 module version=2
  if [ "$loader" = grub1 ]; then version=''; fi
  rm -rf "$disc"
  mkdir -p "$disc/boot/grub"
  cp "$1" "$disc/boot/kernel"
  {
    echo "set timeout=0"
    echo "menuentry kernel {"
    echo "  multiboot$version /boot/kernel $append"
    for module in ${modules[@]+"${modules[@]}"}; do
      cp "$module" "$disc/boot/module$number"
      echo "  module$version /boot/module$number module$number"
      number=$((number + 1))
    done
    echo "}"
  } >"$disc/boot/grub/grub.cfg"
  grub-mkrescue -o "$2/grub.iso" "$disc" >"$2/grub.log" 2>&1 || {
    cat "$2/grub.log" >&2
    die "grub-mkrescue failed"
  }
  qemu+=(-cdrom "$2/grub.iso" -boot d)
}
