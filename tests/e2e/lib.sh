# SPDX-License-Identifier: Apache-2.0
# Sourced by every test of this folder: hosts in network namespaces, links, sluice-nf. All names carry
# the test's own tag; a trap removes everything, and shows the logs of a test that failed.
# shellcheck shell=bash
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${SLUICE_BUILD:-$here/../../build}
[ "$(id -u)" = 0 ] || exit 77
tag=sl$$ dir=$(mktemp -d)
hosts=() nf_pids=()
export TAG=$tag DIR=$dir SLUICE_BUILD=$build PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1

cleanup() {
	local code=$? n
	[ $code -eq 0 ] || tail -n 60 "$dir"/*.log 2>/dev/null
	for n in "${nf_pids[@]}"; do kill -9 "$n" 2>/dev/null; done
	for n in "${hosts[@]}"; do
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

add_hosts() { # names…
	local n
	for n; do
		ip netns add "$tag-$n" && ip -n "$tag-$n" link set lo up
		hosts+=("$n")
	done
}

# No offloads, so that every frame is one datagram with its checksum.
quiet_link() { # host, device
	ip netns exec "$tag-$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1
	ip -n "$tag-$1" link set "$2" gso_max_segs 1 up
}

veth() { # host, device, host, device
	ip link add "$2" netns "$tag-$1" type veth peer name "$4" netns "$tag-$3"
	quiet_link "$1" "$2"
	quiet_link "$3" "$4"
}

address() { # host, device, addresses…
	local host=$1 device=$2 a
	shift 2
	for a; do
		case $a in
		*:*) ip -n "$tag-$host" addr add "$a" dev "$device" nodad ;;
		*) ip -n "$tag-$host" addr add "$a" dev "$device" ;;
		esac
	done
}

# The kernel of a network function's namespace has no business on its wires: it keeps a copy of every
# af_packet frame, which it must not answer, and its own router solicitations would be seen as spoofed.
# To be called before the namespace gets its links.
mute_kernel() { # host
	ip netns exec "$tag-$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

mute_ingress() { # host, devices…
	local host=$1 d
	shift
	for d; do
		ip netns exec "$tag-$host" nft -f - <<-NFT
			table netdev sluice {
				chain $d { type filter hook ingress device $d priority 0; policy drop; }
			}
		NFT
	done
}

driver=net_af_packet driver_options=,framecnt=4096

# The configuration of an NF with a wan and a lan on ports of $driver; lists are the insides of JSON arrays.
write_config() { # name, wan addresses, lan addresses, more members of "nf", wireguard's options
	local more=${4:-'"workers": 1'}
	cat >"$dir/$1.json" <<-JSON
		{"runtime_dir": "$dir/$1", "nf": {"hugepages": false, "memory_mb": 256, "max_peers": 64,
		 "plugin_dir": "$build/plugins", "host_port": false, $more,
		 "ports": [{"name": "wan", "device": "${driver}0,iface=wan0$driver_options"},
		           {"name": "lan", "device": "${driver}1,iface=lan0$driver_options"}],
		 "interfaces": {"wan": {"port": "wan", "addresses": [$2]}, "lan": {"port": "lan", "addresses": [$3]}},
		 "plugins": {"ip": {}, "wireguard": {${5:-}}}}}
	JSON
}

# Starts sluice-nf with $dir/<name>.json in the namespace of that name; its pid is in $nf_pid and $dir/<name>.pid.
start_nf() { # name
	ip netns exec "$tag-$1" "$build/nf/sluice-nf" -c "$dir/$1.json" </dev/null >"$dir/$1.log" 2>&1 &
	nf_pid=$!
	nf_pids+=("$nf_pid")
	echo "$nf_pid" >"$dir/$1.pid"
	wait_for 30 eval "grep -q event=ready '$dir/$1.log' || ! kill -0 $nf_pid"
	grep -q event=ready "$dir/$1.log" && return 0
	echo "not ok 1 - sluice-nf becomes ready"
	exit 1
}

# What every network function should have: no sanitizer's report, and a clean end after the last case.
check_stopped() { # name, expected exit code
	local pid got
	pid=$(cat "$dir/$1.pid")
	wait_for 15 bash -c "! kill -0 $pid" || kill -9 "$pid"
	wait "$pid"
	got=$?
	if [ $got -eq "${2:-0}" ]; then
		echo "ok 99 - exit code of $1 is $got"
	else
		echo "not ok 99 - exit code of $1 is $got"
		return 1
	fi
}
