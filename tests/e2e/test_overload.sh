#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   user 10.1.0.2 ── lan [a, 2 workers] wan ── 192.0.2.0/24 ── wan [b, 1 worker] lan ── server 10.2.0.2
#
# More than two network functions on af_xdp can do: what is lost on the way is what the places where it was lost say.
. "$(dirname "$0")/lib.sh"

add_hosts a b user server
for host in a b user server; do mute_kernel $host; done
veth a wan0 b wan0
veth a lan0 user eth0
veth b lan0 server eth0
address user eth0 10.1.0.2/24
address server eth0 10.2.0.2/24
ip -n "$tag-user" route add default via 10.1.0.1
ip -n "$tag-server" route add default via 10.2.0.1
# the hosts ask nobody: an ARP frame lost in an overload would be one that no end misses
mac() { ip netns exec "$tag-$1" cat "/sys/class/net/$2/address"; }
ip -n "$tag-user" neigh replace 10.1.0.1 dev eth0 lladdr "$(mac a lan0)" nud permanent
ip -n "$tag-server" neigh replace 10.2.0.1 dev eth0 lladdr "$(mac b lan0)" nud permanent
driver=net_af_xdp driver_options=
write_config a '"192.0.2.1/24"' '"10.1.0.1/24"' '"workers": 2'
write_config b '"192.0.2.2/24"' '"10.2.0.1/24"' '"workers": 1'
start_nf a
start_nf b
timeout -k 2 120 python3 "$here/overload.py" </dev/null
code=$?
check_stopped a || code=1
check_stopped b || code=1
exit $code
