#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# configs/demo/run.sh: what it shows is there and true, and nothing stays behind, however it ends.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
demo=$root/configs/demo/run.sh
[ "$(id -u)" = 0 ] || exit 77
dir=$(mktemp -d)
name=d$$ n=0 bad=0
export SLUICE_DEMO_NAME=$name SLUICE_DEMO_SECONDS=2 SLUICE_BUILD=${SLUICE_BUILD:-$root/build}

cleanup() {
	[ -n "${demo_pid:-}" ] && kill -TERM "$demo_pid" 2>/dev/null && wait "$demo_pid"
	"$demo" --clean >/dev/null 2>&1
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

wait_for() { # seconds, command…
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

check() { # what, command…
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >/dev/null 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		bad=$((bad + 1))
	fi
}

says() { # extended regular expression
	grep -qE -- "$1" "$dir/out"
}

is() {
	[ "$1" = "$2" ]
}

nothing_is_left() {
	! ip netns list | grep -q "^$name-" && [ ! -e "/run/sluice-$name" ]
}

mistakes() {
	"$demo" --frobnicate >"$dir/out" 2>&1
	check "a wrong argument is exit code 2, with usage" is $? 2
	check "usage names the arguments" says '--keep \| --clean'
	# a copy, because the tree may lie where nobody else may read
	mkdir -p "$dir/tree" && cp -r "$root/configs" "$dir/tree/" && chmod -R a+rX "$dir"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/tree/configs/demo/run.sh" >"$dir/out" 2>&1
	check "who is not root is told" says 'takes root'
}

whole_run() {
	local began=$SECONDS
	timeout -k 5 240 "$demo" >"$dir/out" 2>&1 </dev/null
	check "the demo ends well" is $? 0
	[ $bad -eq 0 ] || cat "$dir/out"
	check "it draws the topology" says 'lan ─┤ +client +├─ wan ── router ── wan'
	check "IPv4 pings are answered" says 'IPv4: 5 received of 5'
	check "IPv6 pings are answered" says 'IPv6: 5 received of 5'
	check "TCP flows to the server" says 'TCP  user → server +[1-9][0-9]* Mbit/s  '
	check "TCP flows to the user" says 'TCP  server → user +[1-9][0-9]* Mbit/s  '
	check "the router sees WireGuard and nothing else" says 'forwarded [1-9][0-9]{3,} WireGuard packets, and 0 that'
	check "the peers are shown" says 'peer client  up'
	check "the drops are shown" says 'drop +ip/arp_done'
	check "the closed peer acknowledged" says 'outcome +acknowledged by the peer'
	check "the close report counts goodbyes" says 'goodbyes +[1-5], acked'
	check "a closed peer is not served" says 'pings are not answered any more'
	check "it comes back after a reload" says 'pings are answered again'
	check "the nodes stop and tell their peers" says 'gateway: 1 of 1 peers told, 1 acknowledged'
	check "nothing is left" nothing_is_left
	check "it took 90 s at most" test $((SECONDS - began)) -le 90
}

kept_run() {
	timeout -k 5 240 "$demo" --keep >"$dir/out" 2>&1 </dev/null
	check "--keep ends well" is $? 0
	check "--keep says how to clean up" says 'clean up.*--clean'
	check "the tunnel still works" ip netns exec "$name-user" ping -c2 -i0.2 -W3 10.2.0.2
	check "the printed sluicectl works" "$SLUICE_BUILD/control-plane/ctl/sluicectl" -d "/run/sluice-$name/gateway" status
	"$demo" --clean >"$dir/out" 2>&1
	check "--clean ends well" is $? 0
	check "--clean leaves nothing" nothing_is_left
	"$demo" --clean >"$dir/out" 2>&1
	check "--clean with nothing to clean ends well" is $? 0
}

interrupted_run() {
	env --default-signal=INT "$demo" >"$dir/out" 2>&1 </dev/null &
	demo_pid=$!
	wait_for 60 says 'ping user → server, IPv4'
	check "there is something to interrupt" ip netns exec "$name-user" true
	kill -INT $demo_pid
	wait $demo_pid
	check "Ctrl-C is exit code 130" is $? 130
	demo_pid=
	check "Ctrl-C leaves nothing" nothing_is_left
}

mistakes
whole_run
kept_run
interrupted_run
[ $bad -eq 0 ]
