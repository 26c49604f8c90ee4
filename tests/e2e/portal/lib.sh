# SPDX-License-Identifier: Apache-2.0
# Sourced by test_portal_*.sh after ../lib.sh: a namespace with nothing but its loopback, for the portal and all its peers.
# shellcheck shell=bash
add_hosts portal
ip -n "$tag-portal" addr add 2001:db8::1/128 dev lo nodad
ip netns exec "$tag-portal" sysctl -qw net.ipv4.ip_local_port_range="16000 65000" net.ipv4.tcp_tw_reuse=1

portal_cases() { # name of a script of this folder
	[ -x "$build/control-plane/portal/sluice-portal" ] || exit 77
	ulimit -n "$(ulimit -Hn)"
	PYTHONPATH=$here:$here/portal exec_in_portal "$1"
}

exec_in_portal() {
	ip netns exec "$tag-portal" timeout -k 2 240 python3 "$here/portal/$1.py" </dev/null
	exit $?
}
