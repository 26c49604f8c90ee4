#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   [sluice-nf + sluiced] wan 192.0.2.1 ── 192.0.2.2 peer (wireguard-go, 10.8.0.2)
#
# Every command of sluicectl, its JSON and its exit codes: without a daemon, with sluice-nf alone, with both.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${SLUICE_BUILD:-$here/../../build}
[ "$(id -u)" = 0 ] || exit 77
tag=sc$$ dir=$(mktemp -d)

cleanup() {
	local n
	for n in nf peer; do
		ip netns pids "$tag-$n" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$tag-$n" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

quiet_link() { # namespace, device: no offloads, so that every frame is one datagram with its checksum
	ip netns exec "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1
	ip -n "$1" link set "$2" gso_max_segs 1 up
}

topology() {
	local n
	for n in nf peer; do ip netns add "$tag-$n" && ip -n "$tag-$n" link set lo up; done
	ip netns exec "$tag-nf" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip link add wan0 netns "$tag-nf" type veth peer name eth0 netns "$tag-peer"
	quiet_link "$tag-nf" wan0
	quiet_link "$tag-peer" eth0
	ip -n "$tag-peer" addr add 192.0.2.2/24 dev eth0
	# the kernel keeps a copy of every af_packet frame: it must not answer too
	ip netns exec "$tag-nf" nft 'add table netdev sluice; add chain netdev sluice wan {
		type filter hook ingress device wan0 priority 0; policy drop; }'
}

topology
PYTHONPATH=$here TAG=$tag DIR=$dir BUILD=$build timeout -k 2 150 python3 "$here/sluicectl.py" </dev/null
code=$?
[ $code -eq 0 ] || tail -n 40 "$dir"/*.log
exit $code
