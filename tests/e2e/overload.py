# SPDX-License-Identifier: Apache-2.0
"""The cases of test_overload.sh, in TAP; the topology stands."""
import contextlib
import json
import os
import socket
import subprocess

from lab import TAG, case, must, note, pings, raw, run_cases, stop_nfs, until
from sluice_sluice import A, B, drops_between, fresh, named

COUNTED = f"{os.environ['SLUICE_BUILD']}/tests/e2e/udp_counted"
RATE = 2000  # datagrams per second each way of the runs that lose nothing; a receive ring holds a second of them
DEVICES = [("user", "eth0"), ("a", "lan0"), ("a", "wan0"), ("b", "wan0"), ("b", "lan0"), ("server", "eth0")]
WAYS = [("user", "server", "10.2.0.2"), ("server", "user", "10.1.0.2")]


def places():
    """
    Every place where a packet may end between the two programs:
      drops of either network function, by name; a worker whose ring is full and a full transmit queue are among them
      rx_missed of their ports: frames that found no buffer in the fill ring, as the kernel's socket counts them
      tx_dropped of each end of each veth: the far end's ring, or its CPU's backlog, was full when this end sent
    tx_errors of af_xdp is none: the driver counts each time a full queue took less than it was offered, and what
    it did not take is offered again. What stays untaken is the drop tx/queue_full.
    """
    counts = {k: v for k, v in named().items() if not k.endswith("/tx_errors")}
    for host, device in DEVICES:
        counts[f"{host}:{device}/tx_dropped"] = int(must(host, f"cat /sys/class/net/{device}/statistics/tx_dropped"))
    return counts


def lost_between(before, after):
    grew = {k: after[k] - before[k] for k in after if k.endswith("/tx_dropped") and after[k] > before[k]}
    return {**grew, **drops_between(*({k: v for k, v in c.items() if not k.endswith("/tx_dropped")} for c in (before, after)))}


def program(host, *arguments):
    return subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{host}", COUNTED, *map(str, arguments)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


class Run:
    """Numbered datagrams both ways at a rate, 0: as fast as the senders can; both ends count, and so do all places between."""

    def __init__(self, pps, bytes_, ms):
        before = places()
        receivers = [program(to, "receive", address, 7000) for _, to, address in WAYS]
        for r in receivers:
            assert r.stdout.readline() == "ready\n"
        senders = [program(from_, "send", address, 7000, bytes_, pps, ms) for from_, _, address in WAYS]
        self.sent = [json.load(s.stdout) for s in senders]
        for r in receivers:
            r.stdin.close()
        self.got = [json.load(r.stdout) for r in receivers]
        self.places = lost_between(before, places())
        self.places.update({f"{to}:socket": g["socket_dropped"] for (_, to, _), g in zip(WAYS, self.got) if g["socket_dropped"]})
        self.lost = sum(s["sent"] for s in self.sent) - sum(g["received"] for g in self.got)

    @property
    def sound(self):
        return all(g["received"] > 0 and g["duplicates"] == g["strange"] == 0 for g in self.got)

    def __str__(self):
        return f"sent {[s['sent'] for s in self.sent]} received {[g['received'] for g in self.got]} lost {self.lost}: {self.places}"


def address_of(host, device):
    return bytes.fromhex(must(host, f"cat /sys/class/net/{device}/address").strip().replace(":", ""))


def ask(host, device, own, theirs):
    """An ARP request: who hears it has learnt the sender anew, and asks no more for 30 s."""
    mac, zero = address_of(host, device), bytes(6)
    frame = b"\xff" * 6 + mac + bytes.fromhex("0806 0001 0800 0604 0001") + mac + socket.inet_aton(own) + zero + socket.inet_aton(theirs)
    with contextlib.closing(raw(host, device)) as s:
        s.send(frame.ljust(60, b"\0"))


def quiet_time():
    """
    A new session, and neighbours just learnt: for half a minute the network functions send nothing of their own,
    so that what is lost on the way is a datagram that somebody counts.
    """
    asked = {"a": A.drop("ip/arp_done"), "b": B.drop("ip/arp_done")}
    assert fresh(4) and until(5, lambda: pings("user", "10.2.0.2", 2)[0] and pings("server", "10.1.0.2", 2)[0])
    ask("a", "wan0", "192.0.2.1", "192.0.2.2")  # in the name of a: its own program takes the answer
    ask("user", "eth0", "10.1.0.2", "10.1.0.1")
    ask("server", "eth0", "10.2.0.2", "10.2.0.1")
    assert until(5, lambda: A.drop("ip/arp_done") > asked["a"])


def control_run(when):
    quiet_time()
    r = Run(RATE, 200, 3000)
    case(f"{when}, {RATE} datagrams per second each way: none is lost, and no place says so",
         r.sound and r.lost == 0 and not r.places and all(s["sent"] >= RATE * 2.5 for s in r.sent), r)


def ring_drops():
    """What veth itself says of its ports under af_xdp: frames that the program's redirect into the socket lost."""
    counts = {}
    for host, device in DEVICES[1:5]:
        lines = must(host, f"ethtool -S {device}").splitlines()
        counts[f"{host}:{device[:3]}/rx_missed"] = sum(int(l.split(":")[1]) for l in lines if l.strip().startswith("rx_queue_0_drops:"))
    return counts


def overload(bytes_):
    quiet_time()
    before = ring_drops()
    r = Run(0, bytes_, 3000)
    after = ring_drops()
    note(r)
    case(f"{bytes_} bytes as fast as two senders can: {r.lost} of {sum(s['sent'] for s in r.sent)} lost, "
         "and every one of them is named once", r.sound and r.lost == sum(r.places.values()) and r.lost > 1000, r)
    missed = {k: v for k, v in r.places.items() if k.endswith("/rx_missed")}
    case("what the ports missed is what their veth says that it could not hand over",
         missed == {k: after[k] - before[k] for k in after if after[k] > before[k]} and missed, (missed, before, after))


def main():
    for c in A, B:
        c.sync([])
    control_run("before")
    overload(64)
    overload(1300)
    control_run("after")
    stop_nfs(a=A, b=B)


if __name__ == "__main__":
    run_cases(main)
