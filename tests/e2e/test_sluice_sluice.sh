#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   user 10.1.0.2, fd01::2 ── lan [a] wan ── 192.0.2.0/24, 2001:db8::/64 ── wan [b] lan ── server 10.2.0.2, fd02::2
#
# Two network functions with two workers each on ports without RSS: what one loses has a name.
. "$(dirname "$0")/lib.sh"

add_hosts a b user server
mute_kernel a
mute_kernel b
veth a wan0 b wan0
veth a lan0 user eth0
veth b lan0 server eth0
mute_ingress a wan0 lan0
mute_ingress b wan0 lan0
address user eth0 10.1.0.2/24 fd01::2/64
address server eth0 10.2.0.2/24 fd02::2/64
ip -n "$tag-user" route add default via 10.1.0.1
ip -n "$tag-user" -6 route add default via fd01::1
ip -n "$tag-server" route add default via 10.2.0.1
ip -n "$tag-server" -6 route add default via fd02::1
write_config a '"192.0.2.1/24", "2001:db8::1/64"' '"10.1.0.1/24", "fd01::1/64"' '"workers": 2'
write_config b '"192.0.2.2/24", "2001:db8::2/64"' '"10.2.0.1/24", "fd02::1/64"' '"workers": 2'
start_nf a
start_nf b
timeout -k 2 180 python3 "$here/sluice_sluice.py" </dev/null
code=$?
check_stopped a || code=1
check_stopped b || code=1
exit $code
