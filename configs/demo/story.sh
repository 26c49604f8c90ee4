# SPDX-License-Identifier: Apache-2.0
# What the demo does and tells, step by step; sourced by run.sh.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\033[1m' green=$'\033[32m' faint=$'\033[2m' plain=$'\033[0m'
else
	bold='' green='' faint='' plain=''
fi

step() {
	printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

note() {
	printf '   %s\n' "$*"
}

good() {
	printf '   %s✔%s %s\n' "$green" "$plain" "$*"
}

indent() {
	sed 's/^/   /'
}

draw_topology() {
	cat <<-TEXT
		${bold}Sluice: two network functions and one WireGuard tunnel${plain}

		                    ┌──────────────┐                          ┌──────────────┐
		   user ────── lan ─┤    client    ├─ wan ── router ── wan ───┤   gateway    ├─ lan ────── server
		   10.1.0.2         │  sluice-nf   │   .2  198.51.100.1  .2   │  sluice-nf   │           10.2.0.2
		   fd01::2          │  + sluiced   │        203.0.113.1       │  + sluiced   │            fd02::2
		                    └──────┬───────┘                          └──────┬───────┘
		                           ╰══════════ WireGuard, UDP 51820 ═════════╯
	TEXT
}

raise() {
	local began=$SECONDS
	step "Raise five hosts and two nodes"
	make_hosts || fail "cannot make hosts in network namespaces"
	make_configs || fail "cannot make keys"
	start_nodes || fail "a node did not become ready"
	good "both nodes are ready after $((SECONDS - began)) s, without hugepages, each with one worker that sleeps when idle"
}

ping_line() { # what, output of ping
	local rtt
	rtt=$(sed -nE 's|^rtt .* = [^/]*/([^/]*)/.*|\1|p' <<<"$2")
	good "$1: $(grep -oE '[0-9]+ received' <<<"$2") of 5, ${rtt} ms"
}

ping_both() {
	local v4 v6
	v4=$(on user ping -c5 -i0.2 -W3 10.2.0.2) || fail "no answer over IPv4: $v4"
	v6=$(on user ping -c5 -i0.2 -W3 fd02::2) || fail "no answer over IPv6: $v6"
	ping_line "ping user → server, IPv4" "$v4"
	ping_line "ping user → server, IPv6" "$v6"
}

listening() {
	on server ss -Hltn 'sport = 5201' | grep -q .
}

bar() { # Mbit/s: one block for each 50, at most 30
	local n=$(($1 / 50)) text=''
	[ $n -gt 30 ] && n=30
	while [ $n -gt 0 ]; do text+=█ && n=$((n - 1)); done
	echo "$text"
}

rate() { # what, options of iperf3…
	local what=$1 json mbits
	shift
	on server iperf3 -s -1 </dev/null >/dev/null 2>&1 &
	wait_for 5 listening || fail "iperf3 does not listen"
	json=$(on user timeout $((seconds + 20)) iperf3 -c 10.2.0.2 -t "$seconds" -J "$@") || fail "iperf3: $json"
	mbits=$(python3 -c 'import json, sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))' \
		<<<"$json") || fail "iperf3 said something else: $json"
	good "$(printf '%s %5d Mbit/s  %s' "$what" "$mbits" "$(bar "$mbits")")"
	wait $! 2>/dev/null
}

router_saw() { # counter
	on router nft list counter inet watch "$1" | sed -nE 's/.*packets ([0-9]+).*/\1/p'
}

move_traffic() {
	step "Move traffic through both"
	ping_both
	rate "TCP  user → server"
	rate "TCP  server → user" -R
	good "the router forwarded $(router_saw tunnel) WireGuard packets, and $(router_saw other) that it could read"
	step "sluicectl peers, at the gateway"
	ctl gateway peers | indent
	step "sluicectl drops, at the gateway"
	ctl gateway drops | indent
}

close_a_peer() {
	step "sluicectl close client, at the gateway"
	ctl gateway close client | indent
	[ "${PIPESTATUS[0]}" = 0 ] || fail "the close did not reach the client"
	if on user ping -c2 -i0.2 -W1 10.2.0.2 >/dev/null; then
		fail "a closed peer was still served"
	fi
	good "and the user's pings are not answered any more"
	step "sluicectl reload, at both: whom the operator closed may come back"
	ctl gateway reload | indent
	ctl client reload | indent
	wait_for 20 on user ping -c1 -W1 10.2.0.2 || fail "the peer did not come back"
	good "the user's pings are answered again"
}

stop_nodes() {
	step "Stop: SIGTERM tells every peer first"
	local node
	for node in gateway client; do
		stop_node $node || fail "the $node did not stop"
		good "$node: $(report_of $node)"
	done
}

# sluiced prints one JSON object when it ends.
report_of() { # node
	grep -h '^{' "$state/$1-sluiced.log" | tail -n 1 | python3 -c '
import json, sys
r = json.load(sys.stdin)
told = r["acked"] + r["sent"] + r["accepted"]
text = "%d of %d peers told, %d acknowledged" % (told, r["peers"], r["acked"]) if told else "its peer had left before it"
print("%s, %.1f s" % (text, r["duration_ms"] / 1000))'
}

how_to_play() {
	local exe=${build#"$PWD"/}/control-plane/ctl/sluicectl
	step "It is still running"
	cat <<-TEXT
		   be the user        ip netns exec $name-user ping 10.2.0.2
		                      ip netns exec $name-server iperf3 -s     ip netns exec $name-user iperf3 -c 10.2.0.2
		   look               $exe -d $state/gateway status      (peers, interfaces, drops)
		   what a packet costs  $exe -d $state/gateway graph --stats
		   the graph          $exe -d $state/gateway graph | dot -Tsvg >graph.svg
		   act                $exe -d $state/gateway close client    then reload, at both
		   change             $state/gateway.json, then reload
		   logs               $state/*.log
		   ${bold}clean up${plain}           configs/demo/run.sh --clean
	TEXT
}
