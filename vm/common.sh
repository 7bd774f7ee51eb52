# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the scripts of this folder share; sourced, never run.

# shellcheck disable=SC2034 # for the scripts that source this
main_suite=bookworm
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/linux-miracast

say() { echo "$(basename "$0"): $*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		command -v sudo >/dev/null || die "this step needs root: run as root or install sudo."
		sudo "$@"
	fi
}

# in_tree TREE COMMAND...: as root in the tree, with the kernel's file systems,
# the network's names, and this project and the cache at their own paths, in a
# mount namespace that ends with the command.
in_tree() {
	local tree=$1
	shift
	# shellcheck disable=SC2016 # the inner shell's own
	as_root unshare --mount --propagation private /bin/bash -ec '
		tree=$1 project=$2 cache=$3; shift 3
		mount -t proc proc "$tree/proc"
		mount --rbind /sys "$tree/sys"
		mount --rbind /dev "$tree/dev"
		mount -t tmpfs tmpfs "$tree/run"
		touch "$tree/etc/resolv.conf"
		mount --bind "$(realpath /etc/resolv.conf)" "$tree/etc/resolv.conf"
		for d in "$project" "$cache"; do
			mkdir -p "$tree$d"
			mount --bind "$d" "$tree$d"
		done
		exec chroot "$tree" "$@"' in_tree "$tree" "$project" "$cache" "$@"
}

newest_kernel() { # TREE: not a real-time one
	printf '%s\n' "$1"/boot/vmlinuz-* | sed 's,.*/vmlinuz-,,' | grep -v -- -rt- | sort -V | tail -n1
}

# linux_source TREE: unpacks the tree's kernel source, once, and prints where
linux_source() {
	local tar dir
	tar=$(printf '%s\n' "$1"/usr/src/linux-source-*.tar.xz | tail -n1)
	dir=$cache/$(basename "$tar" .tar.xz)-$(stat -c %Y "$tar")
	# One unpacks; whoever waited finds it done.
	(
		flock 7
		[ -d "$dir" ] || {
			rm -rf "$dir.new" &&
				mkdir -p "$dir.new" &&
				xz -dc -T0 "$tar" | tar -x -C "$dir.new" --strip-components=1 &&
				mv "$dir.new" "$dir"
		}
	) 7>"$dir.lock" && echo "$dir"
}

# The machine's own mirror serves the other suites as well, so its entry is
# taken as it stands: no host name is written in this repository.
mirror_of() { # SUITE-PATTERN
	# shellcheck disable=SC2016 # for apt to fill in
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v pat="$1" '$2 ~ pat && $3 == "main" { print $1; exit }'
}
debian_sources() { # SUITE
	local suite=$1 main security
	main=${DEBIAN_MIRROR:-$(mirror_of '^(bullseye|bookworm|trixie|forky|sid|stable|testing)$')}
	[ -n "$main" ] || die "apt on this machine names no Debian mirror: set DEBIAN_MIRROR to one's address."
	security=$(mirror_of '-security$')
	echo "deb $main $suite main"
	# What has no release has no updates of it.
	[ "$suite" != sid ] || return 0
	echo "deb $main $suite-updates main"
	[ -z "$security" ] || echo "deb $security $suite-security main"
	# Newer kernels of a release come through its backports.
	[ "$suite" = "$main_suite" ] || echo "deb $main $suite-backports main"
}
