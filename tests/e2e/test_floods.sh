#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   host 10.1.0.2 ── lan [sluice-nf] wan ── 192.0.2.2 peer (wireguard-go, 10.8.0.2)
#                                       └─ 192.0.2.100… the flood; 192.0.2.3 a responder that demands cookies
#
# Garbage and forged handshakes at the tunnel port while a peer's traffic runs; cookies in both directions.
. "$(dirname "$0")/lib.sh"

add_hosts nf peer host
mute_kernel nf
veth nf wan0 peer eth0
veth nf lan0 host eth0
mute_ingress nf wan0 lan0
address peer eth0 192.0.2.2/24 192.0.2.3/24
for n in $(seq 100 131); do address peer eth0 "192.0.2.$n/24"; done
address host eth0 10.1.0.2/24
ip -n "$tag-host" route add default via 10.1.0.1
write_config nf '"192.0.2.1/24"' '"10.1.0.1/24"' '"workers": 2'
start_nf nf
timeout -k 2 120 python3 "$here/floods.py" </dev/null
code=$?
check_stopped nf || code=1
exit $code
