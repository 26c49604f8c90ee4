#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   host 10.1.0.2, fd01::2 ── lan [sluice-nf] wan ── 192.0.2.2 peer (wireguard-go, 10.8.0.2, fd08::2)
#
# The timers of the paper under continuous traffic: whoever initiated renews after 120 s, and nothing is lost.
. "$(dirname "$0")/lib.sh"

add_hosts nf peer host
mute_kernel nf
veth nf wan0 peer eth0
veth nf lan0 host eth0
mute_ingress nf wan0 lan0
address peer eth0 192.0.2.2/24 192.0.2.3/24
address host eth0 10.1.0.2/24 fd01::2/64
ip -n "$tag-host" route add default via 10.1.0.1
ip -n "$tag-host" -6 route add default via fd01::1
write_config nf '"192.0.2.1/24"' '"10.1.0.1/24", "fd01::1/64"' '"workers": 2'
start_nf nf
timeout -k 2 240 python3 "$here/rekey.py" </dev/null
code=$?
check_stopped nf || code=1
exit $code
