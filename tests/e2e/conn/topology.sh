# SPDX-License-Identifier: Apache-2.0
# Sourced by test_conn_*.sh after lib.sh.
#
#   alice 10.1.0.2 ┐                                                       ┌ bob 10.2.0.2
#         fd01::2  ├ home1 ── 203.0.113.1 [inet: a bridge] 203.0.113.2 ── home2
#   anna  10.1.0.3 ┘ (NAT)                │   │   │   │                 (NAT)
#         fd01::3                         │   │   │   └ relay2 203.0.113.11, 2001:db8::11
#                                         │   │   └ relay 203.0.113.10, 2001:db8::10
#                                         │   └ four 203.0.113.44 (no IPv6)
#                                         └ six 2001:db8::66 (no IPv4)
# shellcheck shell=bash
export PYTHONPATH=$here:$here/conn

no_router_solicitations() { # hosts… : nothing on these links that a test did not send
	local n
	for n; do ip netns exec "$tag-$n" sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0; done
}

bridge() { # host, devices…
	local host=$1 d
	shift
	ip -n "$tag-$host" link add br0 type bridge stp_state 0 mcast_snooping 0
	ip -n "$tag-$host" link set br0 up
	for d; do ip -n "$tag-$host" link set "$d" master br0; done
}

# Datagrams that nobody asked for end at the router, before they take a port away from its hosts.
nat() { # router, flags of masquerade
	ip netns exec "$tag-$1" nft -f - <<-NFT
		table ip nat
		delete table ip nat
		table ip nat {
			chain forwarded { type nat hook prerouting priority -100; }
			chain post {
				type nat hook postrouting priority 100;
				oifname "wan0" masquerade ${2:-}
			}
		}
		table inet guard
		delete table inet guard
		table inet guard {
			chain input {
				type filter hook input priority 0;
				iifname "wan0" meta l4proto udp drop
			}
			chain forwarding { type filter hook forward priority 0; }
		}
	NFT
}

home() { # router, network number, wan address, hosts…
	local router=$1 n=$2 wan=$3 devices=() h i=2
	shift 3
	for h; do
		veth "$h" eth0 "$router" "to$h"
		devices+=("to$h")
		address "$h" eth0 "10.$n.0.$i/24" "fd0$n::$i/64"
		ip -n "$tag-$h" route add default via "10.$n.0.1"
		i=$((i + 1))
	done
	bridge "$router" "${devices[@]}"
	address "$router" br0 "10.$n.0.1/24"
	address "$router" wan0 "$wan/24"
	ip netns exec "$tag-$router" sysctl -qw net.ipv4.ip_forward=1
	nat "$router"
}

internet() {
	local h
	for h in home1 home2; do veth "$h" wan0 inet "to$h"; done
	for h in relay relay2 four six; do veth "$h" eth0 inet "to$h"; done
	bridge inet tohome1 tohome2 torelay torelay2 tofour tosix
	address relay eth0 203.0.113.10/24 2001:db8::10/64
	address relay2 eth0 203.0.113.11/24 2001:db8::11/64
	address four eth0 203.0.113.44/24
	address six eth0 2001:db8::66/64
	# where everything else would be: a relay that is refused a route gives up on its client
	address inet br0 203.0.113.254/24 2001:db8::fe/64
	for h in relay relay2; do
		ip -n "$tag-$h" route add default via 203.0.113.254
		ip -n "$tag-$h" route add default via 2001:db8::fe
	done
}

add_hosts inet home1 home2 alice anna bob relay relay2 four six
no_router_solicitations inet home1 home2 alice anna bob relay relay2 four six
ip netns exec "$tag-four" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
internet
home home1 1 203.0.113.1 alice anna
home home2 2 203.0.113.2 bob

run_cases() { # name of a script of this folder, arguments…
	local script=$1
	shift
	python3 "$here/conn/$script.py" "$@" </dev/null
	exit $?
}
