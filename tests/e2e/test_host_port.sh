#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   lan host 10.1.0.2 ── lan [nf: sluice-nf and this host's kernel, TAP] wan ── 192.0.2.2 router ── 198.51.100.2 world
#                                                                         (wireguard-go, 10.8.0.2)
#
# wan is the namespace's only uplink: its kernel is reached and reaches the world through the network function,
# while a tunnel runs.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

add_hosts nf router world host
mute_kernel nf
veth nf wan0 router eth0
veth nf lan0 host eth0
veth router eth1 world eth0
address router eth0 192.0.2.2/24 2001:db8::2/64
address router eth1 198.51.100.1/24 2001:db8:1::1/64
address world eth0 198.51.100.2/24 2001:db8:1::2/64
address host eth0 10.1.0.2/24
ip -n "$tag-world" route add default via 198.51.100.1
ip -n "$tag-world" -6 route add default via 2001:db8:1::1
ip -n "$tag-host" route add default via 10.1.0.1
ip netns exec "$tag-router" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
mute_ingress nf wan0 lan0
timeout -k 2 200 python3 "$here/host_port.py" </dev/null
