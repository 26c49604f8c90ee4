# SPDX-License-Identifier: Apache-2.0
# The demo's hosts, links and nodes; sourced by run.sh, which sets name, state and build.
hosts=(user client router gateway server)

on() { # host, command…
	local host=$1
	shift
	ip netns exec "$name-$host" "$@"
}

ctl() { # node, command…
	local node=$1
	shift
	"$build/control-plane/ctl/sluicectl" -d "$state/$node" "$@"
}

wait_for() { # seconds, command…
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# No offloads: every frame is one datagram with its checksum, as it would be on a cable.
link() { # host, device, host, device
	ip link add "$2" netns "$name-$1" type veth peer name "$4" netns "$name-$3" || return 1
	while [ $# -gt 0 ]; do
		on "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1
		ip -n "$name-$1" link set "$2" gso_max_segs 1 up || return 1
		shift 2
	done
}

# The kernel gets its own copy of every frame that a network function takes by af_packet: it must not answer too.
mute_kernel() { # host
	on "$1" nft -f - <<-'NFT'
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

# What crosses the router, told apart by what it can see of it.
watch_router() {
	on router nft -f - <<-'NFT'
		table inet watch {
			counter tunnel { }
			counter other { }
			chain forward {
				type filter hook forward priority 0;
				udp sport 51820 udp dport 51820 counter name tunnel accept
				counter name other
			}
		}
	NFT
}

make_hosts() {
	local host
	for host in "${hosts[@]}"; do
		ip netns add "$name-$host" && ip -n "$name-$host" link set lo up || return 1
	done
	for host in client gateway; do
		on $host sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	done
	link user eth0 client lan0 && link client wan0 router left &&
		link router right gateway wan0 && link gateway lan0 server eth0 || return 1
	on router sysctl -qw net.ipv4.ip_forward=1
	ip -n "$name-router" addr add 198.51.100.1/24 dev left
	ip -n "$name-router" addr add 203.0.113.1/24 dev right
	address user 10.1.0 fd01 && address server 10.2.0 fd02 &&
		mute_kernel client && mute_kernel gateway && watch_router
}

address() { # host, IPv4 beginning, IPv6 beginning
	ip -n "$name-$1" addr add "$2.2/24" dev eth0 && ip -n "$name-$1" addr add "$3::2/64" dev eth0 nodad &&
		ip -n "$name-$1" route add default via "$2.1" && ip -n "$name-$1" -6 route add default via "$3::1"
}

make_key() { # node: makes its private key, prints the public one
	(umask 077 && wg genkey >"$state/$1.key") && wg pubkey <"$state/$1.key"
}

allowed_cpu() { # index: of the CPUs that this process may use; the last one if there are fewer
	python3 -c 'import os, sys; c = sorted(os.sched_getaffinity(0)); print(c[min(int(sys.argv[1]), len(c) - 1)])' "$1"
}

node_config() { # node, cpu, wan address, wan gateway, lan IPv4 beginning, lan IPv6 beginning, peer (JSON)
	cat >"$state/$1.json" <<-JSON
		{
		  "runtime_dir": "$state/$1",
		  "nf": {
		    "workers": [$2], "idle": "adaptive", "hugepages": false, "memory_mb": 256, "max_peers": 64,
		    "plugin_dir": "$build/plugins", "host_port": false,
		    "ports": [
		      { "name": "wan", "device": "net_af_packet0,iface=wan0" },
		      { "name": "lan", "device": "net_af_packet1,iface=lan0" }
		    ],
		    "interfaces": {
		      "wan": { "port": "wan", "addresses": ["$3/24"], "gateways": ["$4"] },
		      "lan": { "port": "lan", "addresses": ["$5.1/24", "$6::1/64"] }
		    },
		    "plugins": { "ip": {}, "wireguard": { "listen_port": 51820, "private_key_file": "$state/$1.key" } }
		  },
		  "peers": [ $7 ]
		}
	JSON
}

make_configs() {
	local client_key gateway_key
	client_key=$(make_key client) && gateway_key=$(make_key gateway) || return 1
	node_config client "$(allowed_cpu 0)" 198.51.100.2 198.51.100.1 10.1.0 fd01 \
		'{ "name": "gateway", "public_key": "'"$gateway_key"'", "endpoint": "203.0.113.2:51820",
		   "allowed_ips": ["10.2.0.0/24", "fd02::/64"] }'
	node_config gateway "$(allowed_cpu 1)" 203.0.113.2 203.0.113.1 10.2.0 fd02 \
		'{ "name": "client", "public_key": "'"$client_key"'", "allowed_ips": ["10.1.0.0/24", "fd01::/64"] }'
}

# In a session of its own: Ctrl-C is for this script, which stops the nodes in their order.
start() { # node, what, program
	setsid ip netns exec "$name-$1" "$3" -c "$state/$1.json" </dev/null >"$state/$1-$2.log" 2>"$state/$1-$2.err.log" &
	echo $! >"$state/$1-$2.pid"
	disown
}

nf_is_ready() { # node
	grep -q event=ready "$state/$1-nf.log" "$state/$1-nf.err.log"
}

has_control() { # node
	ctl "$1" status --json 2>/dev/null | grep -q '"control_attached": true' && ctl "$1" peers --json | grep -q public_key
}

start_nodes() {
	local node
	for node in client gateway; do start $node nf "$build/nf/sluice-nf"; done
	for node in client gateway; do
		wait_for 30 nf_is_ready $node || return 1
		start $node sluiced "$build/control-plane/io/sluiced"
	done
	for node in client gateway; do wait_for 20 has_control $node || return 1; done
}

is_gone() { # pid
	! kill -0 "$1" 2>/dev/null
}

# Only a process that is what the file says: numbers are used again.
running() { # node, what: prints its number
	local pid
	pid=$(cat "$state/$1-$2.pid" 2>/dev/null) && [ "$(ip netns identify "$pid" 2>/dev/null)" = "$name-$1" ] && echo "$pid"
}

# SIGTERM to sluiced closes every peer and releases the network function.
stop_node() { # node
	local control nf
	control=$(running "$1" sluiced) && kill -TERM "$control" && wait_for 15 is_gone "$control"
	nf=$(running "$1" nf) && wait_for 15 is_gone "$nf"
	! running "$1" nf >/dev/null
}

# Also what a killed run left; silent, and fine when there is nothing.
remove_all() {
	local host
	for host in "${hosts[@]}"; do
		[ -e "/run/netns/$name-$host" ] || continue
		ip netns pids "$name-$host" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
		ip netns del "$name-$host" 2>/dev/null
	done
	rm -rf "$state"
}
