# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_conn_flood.sh. The relay goes mad: from its own address and port it sends garbage as fast as it can, while
somebody who knows the credentials of a peer asks every 50 ms and waits for the answer.
"""
import os
import socket
import struct
import threading
import time

from cases import *  # noqa: F401,F403
import stun

ASK_S, ASKED, PATIENCE_S = 0.05, 100, 1.0


class Mad(threading.Thread):
    """Garbage of every kind to where the relay knows a client: noise, unknown channels, checks of nobody, forged answers."""

    def __init__(self, to):
        super().__init__(daemon=True)
        with inside("relay"):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        self.to, self.sent, self.on = to, 0, True
        self.start()

    @staticmethod
    def kinds():
        check = stun.build(stun.BINDING, os.urandom(12), [(stun.USERNAME, "none:none"), (stun.PRIORITY, 1)], b"none", True)
        yield os.urandom(120)
        yield struct.pack("!HH", 0x4ABC, 100) + os.urandom(100)
        yield check
        yield struct.pack("!HH", 0x4000, len(check)) + check
        yield stun.build(stun.BINDING | stun.SUCCESS, os.urandom(12), [(stun.MAPPED_ADDRESS, bytes(8))])
        yield stun.build(stun.ALLOCATE | stun.ERROR, os.urandom(12), [(stun.ERROR_CODE, stun.error_value(437, "Mad"))])

    def run(self):
        wire = [struct.pack("!HHHH", 3478, self.to[1], 8 + len(k), 0) + k for k in self.kinds()]
        while self.on:
            for w in wire:
                try:
                    self.sock.sendto(w, (self.to[0], 0))
                    self.sent += 1
                except OSError:
                    time.sleep(0.001)

    def stop(self):
        self.on = False
        self.join(5)
        self.sock.close()


def answers(host, to, username, pwd):
    """Seconds to the answer of each check; None: there was none. A check is a new one each time, from one and the same port."""
    took = []
    with inside(host):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(PATIENCE_S)
    for _ in range(ASKED):
        txid = os.urandom(12)
        s.sendto(stun.build(stun.BINDING, txid, [(stun.USERNAME, username), (stun.CONTROLLING, os.urandom(8)), (stun.PRIORITY, 1)],
                            pwd.encode(), True), to)
        took.append(one_answer(s, txid, time.monotonic()))
        time.sleep(ASK_S)
    s.close()
    return took


def one_answer(s, txid, began):
    while time.monotonic() - began < PATIENCE_S:
        try:
            m = stun.Message(s.recv(2000))
        except (TimeoutError, stun.Malformed):
            continue
        if m.txid == txid and m.type == stun.BINDING | stun.SUCCESS:
            return time.monotonic() - began
    return None


def ms(took):
    known = sorted(t for t in took if t is not None)
    return f"{len(known)} of {len(took)} answered, median {known[len(known) // 2] * 1e3:.2f} ms, slowest {known[-1] * 1e3:.2f} ms" \
        if known else "none answered"


def mapped(node):
    """Where the relay sees it."""
    words = next(e["text"].split() for e in node.seen("candidate") if " typ srflx " in e["text"])
    return words[4], int(words[5])


def main():
    relay = OwnRelay()
    p = Pair("anna", "alice", [relay])
    case("a session", p.meet() is not None and p.settled(DIRECT, 5))
    mine, theirs = portal_credentials(p.client, p.gateway)
    asked = ("anna", ("10.1.0.2", 52625), f"{theirs[0]}:{mine[0]}", theirs[1])
    case("the relay knows the gateway", until(5, lambda: relay.count("allocated") >= 2), relay("stats"))
    calm = answers(*asked)
    note(f"calm: {ms(calm)}")
    before = p.gateway.counters()
    mad = Mad(mapped(p.gateway))
    flooded = answers(*asked)
    mad.stop()
    after = p.gateway.counters()
    came = after["datagrams"] - before["datagrams"]
    note(f"flooded: {ms(flooded)}; {mad.sent} datagrams of garbage sent, {came} received")
    case("calm: every check is answered", all(t is not None for t in calm), ms(calm))
    case("the garbage arrives", came > 5000, f"{came} of {mad.sent}")
    # what the socket's queue cannot hold is lost before anybody could read it; checks are repeated for that
    case("flooded: a check is answered or lost to the kernel's queue, none waits longer than 100 ms",
         all(t is None or t <= 0.1 for t in flooded) and sum(t is None for t in flooded) <= ASKED // 10, ms(flooded))
    case("no connection fails", not p.failures(), p.failures())
    data_flows("afterwards", p)
    ends_well(p, "flood")


main()
stop_all()
finish()
