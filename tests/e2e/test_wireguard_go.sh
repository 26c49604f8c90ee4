#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   host 10.1.0.2 ── lan [sluice-nf] wan ── 192.0.2.2 peer (wireguard-go, 10.8.0.2)
#
# Traffic in both directions and families, loss accounting, peer close, stop without a control plane.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${SLUICE_BUILD:-$here/../../build}
[ "$(id -u)" = 0 ] || exit 77
tag=sl$$ dir=$(mktemp -d)

cleanup() {
	local n
	[ -n "${nf_pid:-}" ] && kill -9 "$nf_pid" 2>/dev/null
	for n in nf peer host; do
		ip netns pids "$tag-$n" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$tag-$n" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT

wait_for() { # seconds, command…
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

quiet_link() { # namespace, device: no offloads, so that every frame is one datagram with its checksum
	ip netns exec "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1
	ip -n "$1" link set "$2" gso_max_segs 1 up
}

topology() {
	local n
	for n in nf peer host; do ip netns add "$tag-$n" && ip -n "$tag-$n" link set lo up; done
	ip link add wan0 netns "$tag-nf" type veth peer name eth0 netns "$tag-peer"
	ip link add lan0 netns "$tag-nf" type veth peer name eth0 netns "$tag-host"
	# this namespace's kernel has no business on the wire: its own router solicitations would be seen as spoofed
	ip netns exec "$tag-nf" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	quiet_link "$tag-nf" wan0
	quiet_link "$tag-nf" lan0
	quiet_link "$tag-peer" eth0
	quiet_link "$tag-host" eth0
	ip -n "$tag-peer" addr add 192.0.2.2/24 dev eth0
	ip -n "$tag-host" addr add 10.1.0.2/24 dev eth0
	ip -n "$tag-host" addr add fd01::2/64 dev eth0 nodad
	ip -n "$tag-host" route add default via 10.1.0.1
	ip -n "$tag-host" -6 route add default via fd01::1
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

start_nf() {
	cat >"$dir/nf.json" <<-JSON
		{"runtime_dir": "$dir/run", "nf": {"workers": 1, "hugepages": false, "memory_mb": 256, "max_peers": 64,
		 "plugin_dir": "$build/plugins", "host_port": false,
		 "ports": [{"name": "wan", "device": "net_af_packet0,iface=wan0"}, {"name": "lan", "device": "net_af_packet1,iface=lan0"}],
		 "interfaces": {"wan": {"port": "wan", "addresses": ["192.0.2.1/24", "2001:db8::1/64"]},
		                "lan": {"port": "lan", "addresses": ["10.1.0.1/24", "fd01::1/64"]}}}}
	JSON
	ip netns exec "$tag-nf" "$build/nf/sluice-nf" -c "$dir/nf.json" </dev/null >"$dir/nf.log" 2>&1 &
	nf_pid=$!
	wait_for 20 grep -q event=ready "$dir/nf.log"
}

topology
if ! start_nf; then
	echo "not ok 1 - sluice-nf becomes ready"
	cat "$dir/nf.log"
	exit 1
fi
PYTHONPATH=$here TAG=$tag DIR=$dir NF_PID=$nf_pid timeout -k 2 120 python3 "$here/wireguard_go.py" </dev/null
code=$?
wait_for 5 bash -c "! kill -0 $nf_pid" || kill -9 "$nf_pid"
wait "$nf_pid"
stopped=$?
if [ $stopped -eq 0 ]; then echo "ok 99 - its exit code is 0"; else echo "not ok 99 - its exit code is $stopped" && code=1; fi
nf_pid=
[ $code -eq 0 ] || cat "$dir/nf.log"
exit $code
