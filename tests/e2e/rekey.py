# SPDX-License-Identifier: Apache-2.0
"""The cases of test_rekey.sh, in TAP; the topology stands. Two peers, so that each role renews once."""
import time

import nfctl
from lab import DIR, WireguardGo, case, flows, losses, must, note, pings, run_cases, stop_nfs, texts, whole

RATE = 200  # datagrams per second of one flow; four flows per peer: 1600 per second in all
SECONDS = 128

control = nfctl.Control(f"{DIR}/nf")
nf_key = control.hello()
LAN = ["10.1.0.0/24", "fd01::/64"]


def peer(name, number, port):
    """Only the peer's own addresses route into its tunnel, so that two of them fit on one host."""
    return WireguardGo("peer", name, port=port, addresses=[f"10.8.0.{number}/32", f"fd08::{number}/128"])


def route_by_source(go, number, table):
    """Each tunnel's address uses its own tunnel."""
    must("peer", f"ip rule add from 10.8.0.{number} lookup {table}")
    must("peer", f"ip -6 rule add from fd08::{number} lookup {table}")
    must("peer", f"ip route add 10.1.0.0/24 dev {go.name} table {table}")
    must("peer", f"ip -6 route add fd01::/64 dev {go.name} table {table}")


def four_flows(number):
    near, far = {4: "10.1.0.2", 6: "fd01::2"}, {4: f"10.8.0.{number}", 6: f"fd08::{number}"}
    return [spec for f in (4, 6) for spec in (dict(sender="host", source=near[f], receiver="peer", to=far[f], pps=RATE),
                                              dict(sender="peer", source=far[f], receiver="host", to=near[f], pps=RATE))]


def main():
    first, second = peer("r2", 2, 51820), peer("r3", 3, 51821)
    route_by_source(first, 2, 102)
    route_by_source(second, 3, 103)
    first.peer(nf_key, ",".join(LAN))                               # answers: the NF initiates
    second.peer(nf_key, ",".join(LAN), endpoint="192.0.2.1:51820")  # initiates
    control.sync([dict(name="first", key=first.key, allowed=["10.8.0.2/32", "fd08::2/128"], endpoint=("192.0.2.2", 51820)),
                  dict(name="second", key=second.key, allowed=["10.8.0.3/32", "fd08::3/128"])])
    case("the NF initiates to the first peer", *pings("host", "10.8.0.2", 2))
    case("the second peer initiates", *pings("peer", "10.1.0.2", 2, "10.8.0.3"))
    for n in 2, 3:
        pings("host", f"fd08::{n}", 2)
    began = {name: (control.peers()[name]["handshakes"], go.last_handshake()) for name, go in (("first", first), ("second", second))}
    sent = control.drop("wireguard/initiations_sent"), control.drop("wireguard/responses_sent")
    before = control.drops()
    with flows(*four_flows(2), *four_flows(3)) as fs:
        time.sleep(SECONDS)  # the time that the paper's timers need, not a wait
    drops = losses(before, control.drops())
    case(f"{SECONDS} s at {RATE * 8} packets per second across a rekey of each role lose, reorder and repeat nothing",
         whole(fs) and not drops, (texts(fs), drops))
    note(texts(fs))
    for name, go in ("first", first), ("second", second):
        case(f"the {name} peer has a new handshake, and both ends say so", control.peers()[name]["handshakes"] > began[name][0] and
             go.last_handshake() >= began[name][1] + 100, (control.peers()[name], go.last_handshake(), began[name]))
    case("the NF renewed what it had initiated, and answered what it had not",
         (control.drop("wireguard/initiations_sent") - sent[0], control.drop("wireguard/responses_sent") - sent[1]) == (1, 1),
         (control.drops()["wireguard/initiations_sent"], control.drops()["wireguard/responses_sent"], sent))
    stop_nfs(nf=control)


if __name__ == "__main__":
    run_cases(main)
