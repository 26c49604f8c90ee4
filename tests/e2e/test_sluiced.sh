#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   user 10.1.0.2 ── lan [a: sluice-nf, sluiced] wan ── wan [b: sluice-nf, sluiced] lan ── server 10.2.0.2
#
# Two whole nodes: reload, kill -9 of each process and of both, an operator's close, and every order of stopping.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

add_hosts a b user server
mute_kernel a
mute_kernel b
veth a wan0 b wan0
veth a lan0 user eth0
veth b lan0 server eth0
address user eth0 10.1.0.2/24
address server eth0 10.2.0.2/24
ip -n "$tag-user" route add default via 10.1.0.1
ip -n "$tag-server" route add default via 10.2.0.1
mute_ingress a wan0 lan0
mute_ingress b wan0 lan0
timeout -k 2 300 python3 "$here/sluiced.py" </dev/null
