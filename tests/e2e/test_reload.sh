#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   host 10.1.0.2 ── lan [nf] wan ── 192.0.2.2 peer (wireguard-go, 10.8.0.2)
#
# The file changes under traffic: what can change does, what cannot is refused by name, nothing is lost.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

add_hosts nf peer host
mute_kernel nf
veth nf wan0 peer eth0
veth nf lan0 host eth0
address peer eth0 192.0.2.2/24
address host eth0 10.1.0.2/24
ip -n "$tag-host" route add default via 10.1.0.1
mute_ingress nf wan0 lan0
write_config nf '"192.0.2.1/24"' '"10.1.0.1/24"'
start_nf nf
timeout -k 2 120 python3 "$here/reload.py" </dev/null
