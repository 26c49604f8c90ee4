#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two Sluice nodes, a tunnel between them, real traffic through it, and a graceful end. Complete on a fresh Debian 12.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/configs/packages.sh"
. "$here/hosts.sh"
. "$here/story.sh"

name=${SLUICE_DEMO_NAME:-demo}        # of namespaces and state: several demos fit on one machine
build=${SLUICE_BUILD:-$root/build}
state=/run/sluice-$name
seconds=${SLUICE_DEMO_SECONDS:-5}     # each rate is measured this long
logs=("$state"/build.log)            # what to show when it fails
keep=no finished=no

usage() {
	cat <<-TEXT
		usage: configs/demo/run.sh [--keep | --clean]

		Installs what is missing, builds, raises five hosts in network namespaces with two network functions
		between them, moves traffic, closes a peer, and cleans up.

		  --keep   leave it running, and say how to play with it
		  --clean  remove what --keep left
	TEXT
}

fail() {
	echo
	echo "The demo failed: $*" >&2
	tail -n 15 "${logs[@]}" >&2 2>/dev/null
	exit 1
}

prepare() {
	step "Prepare"
	install_packages || fail "apt could not install what is missing"
	mkdir -p "$state" "$build" && chmod 700 "$state" || fail "cannot write to $state and $build"
	[ -f "$build/build.ninja" ] || meson setup "$build" "$root" --buildtype=release >"$state/build.log" 2>&1 ||
		fail "meson found something amiss"
	[ -f "$build/nf/sluice-nf" ] || note "building; the first time takes a minute or two"
	ninja -C "$build" >"$state/build.log" 2>&1 || fail "the build broke"
	note "built in $build"
	logs=("$state"/{client,gateway}-{nf,sluiced}{,.err}.log)
}

on_exit() {
	local code=$?
	trap '' INT TERM HUP
	if [ "$finished" = yes ] && [ $keep = yes ]; then
		how_to_play
		exit 0
	fi
	[ $code -eq 0 ] || echo "cleaning up" >&2
	remove_all
	[ $code -eq 0 ] && good "namespaces, links and state are gone; the demo took $SECONDS s"
	exit $code
}

main() {
	case ${1:-} in
	"") ;;
	--keep) keep=yes ;;
	--clean) ;;
	-h | --help) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
	[ $# -le 1 ] || { usage >&2 && exit 2; }
	[[ $name =~ ^[a-z0-9]{1,12}$ ]] || { echo "SLUICE_DEMO_NAME: one to twelve of a-z, 0-9" >&2 && exit 2; }
	[ "$(id -u)" = 0 ] || { echo "The demo raises network namespaces, which takes root: sudo $0 $*" >&2 && exit 1; }
	if [ "${1:-}" = --clean ]; then
		stop_node gateway
		stop_node client
		remove_all
		echo "nothing of the demo is left"
		exit 0
	fi
	remove_all # what an earlier run left
	trap on_exit EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	draw_topology
	prepare
	raise
	move_traffic
	close_a_peer
	[ $keep = yes ] || stop_nodes
	finished=yes
}
main "$@"
