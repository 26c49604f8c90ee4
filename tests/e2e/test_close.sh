#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   host 10.1.0.2 ── lan [sluice-nf] wan 192.0.2.1 ── 192.0.2.254 [router, loses on demand] 198.51.100.254
#                                                                    └── 198.51.100.2 swarm (wg_swarm, wireguard-go)
#
# Peer close as the peers see it: goodbyes decrypted by 1 000 identities of the pure library, with and without loss.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${SLUICE_BUILD:-$here/../../build}
[ "$(id -u)" = 0 ] || exit 77
tag=cl$$ dir=$(mktemp -d)

cleanup() {
	local n
	for n in nf router swarm host; do
		ip netns pids "$tag-$n" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$tag-$n" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT

link() { # namespace, device, namespace, device: no offloads, so that every frame is one datagram with its checksum
	ip link add "$2" netns "$tag-$1" type veth peer name "$4" netns "$tag-$3"
	local end
	for end in "$1 $2" "$3 $4"; do
		set -- $end
		ip netns exec "$tag-$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1
		ip -n "$tag-$1" link set "$2" gso_max_segs 1 up
	done
}

topology() {
	local n
	for n in nf router swarm host; do ip netns add "$tag-$n" && ip -n "$tag-$n" link set lo up; done
	ip netns exec "$tag-nf" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	link nf wan0 router eth0
	link router eth1 swarm eth0
	link nf lan0 host eth0
	ip -n "$tag-router" addr add 192.0.2.254/24 dev eth0
	ip -n "$tag-router" addr add 198.51.100.254/24 dev eth1
	ip netns exec "$tag-router" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$tag-swarm" addr add 198.51.100.2/24 dev eth0
	ip -n "$tag-swarm" route add default via 198.51.100.254
	ip netns exec "$tag-swarm" sysctl -qw net.ipv4.ip_local_port_range="61000 65000"
	ip -n "$tag-host" addr add 10.1.0.2/24 dev eth0
	ip -n "$tag-host" route add default via 10.1.0.1
	# the kernel keeps a copy of every af_packet frame: it must not answer too
	ip netns exec "$tag-nf" nft -f - <<-'NFT'
		table netdev sluice {
			chain wan {
				type filter hook ingress device wan0 priority 0; policy drop;
			}
			chain lan {
				type filter hook ingress device lan0 priority 0; policy drop;
			}
		}
	NFT
}

cat >"$dir/nf.json" <<JSON
{"runtime_dir": "$dir/run", "nf": {"workers": 1, "idle": "adaptive", "hugepages": false, "memory_mb": 384, "max_peers": 2048,
 "plugin_dir": "$build/plugins", "host_port": false,
 "ports": [{"name": "wan", "device": "net_af_packet0,iface=wan0"}, {"name": "lan", "device": "net_af_packet1,iface=lan0"}],
 "interfaces": {"wan": {"port": "wan", "addresses": ["192.0.2.1/24"], "gateways": ["192.0.2.254"]},
                "lan": {"port": "lan", "addresses": ["10.1.0.1/24"]}}}}
JSON
topology
PYTHONPATH=$here TAG=$tag DIR=$dir BUILD=$build timeout -k 2 420 python3 "$here/${CASES:-close.py}" </dev/null
code=$?
[ $code -eq 0 ] || grep -hvE "event=peer_(closed|event)" "$dir"/*.log | tail -n 60
exit $code
