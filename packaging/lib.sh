# SPDX-License-Identifier: MIT
# What the scripts of this folder share; sourced by them. Gives: $root, $work (a folder of its own, removed at the end).
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
script=${0##*/}

say() { printf '== %s\n' "$*"; }
fail() { printf '%s: %s\n' "$script" "$*" >&2; exit 1; }
skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }

work=$(mktemp -d "${TMPDIR:-/tmp}/fermata-$script.XXXXXX")
cleanup() {
  local mounted
  # Deepest first, and never follow a mount into the machine's own folders.
  while read -r mounted; do umount "$mounted" || umount --lazy "$mounted"; done < <(
    awk -v root="$work/" 'index($2, root) == 1 { print $2 }' /proc/self/mounts | sort -r)
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# The Debian archive that this machine's apt uses.
mirror() {
  [[ -z ${FERMATA_DEBIAN_MIRROR:-} ]] || { echo "$FERMATA_DEBIAN_MIRROR"; return; }
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -F'|' '$1 == "Debian" && $2 == "Debian" && !found { print $3; found = 1 }' | grep . ||
    grep -hEo '(https?|file|ftp)://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    head -n 1 | tr -d ' '
}

# bare_machine FOLDER: a minimal Debian 12 there, with network, to be entered by `inside FOLDER COMMAND...`.
bare_machine() {
  [[ $(id -u) -eq 0 ]] || skip "needs root, for debootstrap and chroot"
  command -v debootstrap >/dev/null || skip "needs debootstrap"
  local archive
  archive=$(mirror)
  [[ -n $archive ]] || skip "no Debian archive found in apt's sources; name one in FERMATA_DEBIAN_MIRROR"
  say "making a minimal Debian 12"
  debootstrap --variant=minbase bookworm "$1" "$archive" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 5 "$work/debootstrap.log" >&2; skip "debootstrap could not make a Debian here"; }
  mount -t proc proc "$1/proc"
  cp /etc/resolv.conf "$1/etc/resolv.conf"
}

inside() {
  local folder=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$folder" "$@"
}
