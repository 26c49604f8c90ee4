#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tagged:     user ── lan [a] wan ══ VLAN 100 ══ wan [b] lan ── server       and a station that tags frames by hand
#   one-armed:  [c] wan (untagged) and lan (VLAN 200) on one port ══ the same wire ══ station: wireguard-go and a LAN host
#
# The kernel here need not know 802.1Q: the station writes and reads its tags itself.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

add_hosts a b user server c station
mute_kernel a
mute_kernel b
mute_kernel c
mute_kernel station
veth a wan0 b wan0
veth a lan0 user eth0
veth b lan0 server eth0
veth c wan0 station eth0
address user eth0 10.1.0.2/24
address server eth0 10.2.0.2/24
address station eth0 192.0.2.2/24
ip -n "$tag-user" route add default via 10.1.0.1
ip -n "$tag-server" route add default via 10.2.0.1
mute_ingress a wan0 lan0
mute_ingress b wan0 lan0
mute_ingress c wan0
timeout -k 2 120 python3 "$here/vlan.py" </dev/null
