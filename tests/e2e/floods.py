# SPDX-License-Identifier: Apache-2.0
"""The cases of test_floods.sh, in TAP; the topology stands."""
import base64
import contextlib
import random
import struct
import threading
import time

import nfctl
import noise
from lab import DIR, WireguardGo, case, flows, losses, note, pings, run_cases, stop_nfs, texts, udp, until, whole

RATE = 250        # datagrams per second of one flow; 500 per second in all
FLOOD = 2000      # datagrams per second of a flood
NF = ("192.0.2.1", 51820)

control = nfctl.Control(f"{DIR}/nf")
nf_key = control.hello()
go = WireguardGo("peer", "fl", addresses=["10.8.0.2/32"], routes=["10.1.0.0/24"])
BOTH_WAYS = [dict(sender="host", source="10.1.0.2", receiver="peer", to="10.8.0.2", pps=RATE),
             dict(sender="peer", source="10.8.0.2", receiver="host", to="10.1.0.2", pps=RATE)]


class Flood(threading.Thread):
    """Datagrams that make() invents, from 32 addresses with two ports each, at a rate, until stopped."""

    def __init__(self, make):
        super().__init__(daemon=True)
        self.make, self.sent, self.stopping = make, 0, False
        self.socks = [udp("peer", f"192.0.2.{100 + n % 32}") for n in range(64)]

    def run(self):
        began = time.monotonic()
        while not self.stopping:
            for _ in range(min(32, int((time.monotonic() - began) * FLOOD) - self.sent)):
                self.socks[self.sent % 64].sendto(self.make(), NF)
                self.sent += 1
            time.sleep(0.005)

    def received(self):
        """All that came back, by message type."""
        kinds = {}
        for s in self.socks:
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while data := s.recv(2048):
                    kinds[data[0]] = kinds.get(data[0], 0) + 1
        return kinds

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.join()


def fresh(by_nf):
    if "go" in control.peers():
        control.remove(go.key)
    go.forget(nf_key)
    go.peer(nf_key, "10.1.0.0/24", endpoint=None if by_nf else "%s:%d" % NF)
    control.upsert("go", go.key, ["10.8.0.2/32"], endpoint=("192.0.2.2", 51820) if by_nf else None, initiate=by_nf)


LENGTHS = {1: 148, 2: 92, 3: 64, 4: 32}


def garbage(rng):
    """Random bytes; messages of all types with random content; truncated and oversized ones; and nothing at all."""
    kind = rng.randrange(8)
    if kind < 2:
        return rng.randbytes(rng.randrange(0, 1473))
    head = struct.pack("<I", type_ := rng.randrange(1, 5))
    if kind < 5:
        return head + rng.randbytes(LENGTHS[type_] - 4 + (16 * rng.randrange(80) if type_ == 4 else 0))
    if kind < 6:
        return head + rng.randbytes(rng.randrange(0, LENGTHS[type_] - 4))
    if kind < 7:
        return head + rng.randbytes(LENGTHS[type_] - 4 + rng.randrange(1, 1000))
    return struct.pack("<I", rng.randrange(1 << 32)) + rng.randbytes(144)


def garbage_flood():
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    fresh(False)
    pings("peer", "10.1.0.2")
    pings("host", "10.8.0.2")
    for step in "control run without it", "garbage flood":
        flood = Flood(lambda: garbage(rng)) if step != "control run without it" else None
        before = control.drops()
        with flows(*BOTH_WAYS) as fs, flood or contextlib.nullcontext():
            time.sleep(4)  # the measurement
        case(f"{step}: {2 * RATE} packets per second of a peer come through", whole(fs), texts(fs))
    # another session must be possible while it goes on
    with Flood(lambda: garbage(rng)) as again:
        fresh(False)
        case("a handshake succeeds under the garbage, by the peer", *pings("peer", "10.1.0.2"))
        fresh(True)
        case("a handshake succeeds under the garbage, by the NF", *pings("host", "10.8.0.2"))
    drops = losses(before, control.drops())
    until(3, lambda: sum(losses(before, control.drops()).values()) + control.drop("wireguard/handshake_bad_mac") > 0)
    names = {"classify/tunnel_port_unknown", "wireguard/no_session_index"}
    case("garbage ends under its names, and under no other", names <= set(drops) and
         set(drops) <= names | {"wireguard/bad_tag", "wireguard/handshake_queue_full"} and
         control.drop("wireguard/handshake_bad_mac") > 0, (drops, f"seed {seed}"))
    case("nobody gets an answer to garbage", not flood.received() and not again.received(), f"seed {seed}")
    note(f"{flood.sent} + {again.sent} datagrams, {drops}")


def handshake_flood():
    public = base64.b64decode(nf_key)
    supply = [noise.random_initiation(public) for _ in range(512)]  # forged afresh each, sent again and again
    before = control.drops()
    fresh(False)
    pings("peer", "10.1.0.2")
    with Flood(lambda: supply[random.randrange(512)]) as flood:
        case("a handshake flood with valid mac1 forces cookies",
             until(5, lambda: control.drop("wireguard/cookies_sent") > before["wireguard/cookies_sent"][0] + 500))
        with flows(*BOTH_WAYS) as fs:
            time.sleep(3)  # the measurement
        case(f"{2 * RATE} packets per second of a peer come through it", whole(fs), texts(fs))
        fresh(False)  # wireguard-go gets a cookie first, and repeats its initiation with mac2 after 5 s
        began = time.monotonic()
        run_ping = lambda: pings("peer", "10.1.0.2", 1)[0]
        case("a real peer gets its session by its cookie", until(15, run_ping), control.peers())
        took = time.monotonic() - began
        case("and it was the cookie: the first initiation was not answered", took > 3, took)
        note(f"session after {took:.1f} s")
        invalid = control.drop("wireguard/handshake_invalid") - before["wireguard/handshake_invalid"][0]
        sent, cookies = flood.sent, control.drop("wireguard/cookies_sent") - before["wireguard/cookies_sent"][0]
        case("only some hundred forgeries per second cost a key exchange", invalid < 130 * (time.monotonic() - began + 10) and
             cookies > sent / 2, (invalid, cookies, sent))
    got = flood.received()
    case("the flood's sources got cookie replies and nothing else", set(got) == {3}, got)
    note(f"{flood.sent} forged initiations, {invalid} cost a key exchange, {cookies} cookies")


def cookie_for_nf():
    """The other direction: a responder under load answers the NF's first initiation by a cookie."""
    them, sock = noise.Responder(), udp("peer", "192.0.2.3", 51821, 8)
    key = base64.b64encode(them.public).decode()
    taken = control.drop("wireguard/cookies_received")
    control.upsert("strict", key, ["10.8.0.3/32"], endpoint=("192.0.2.3", 51821), initiate=True)
    first = sock.recv(2048)
    case("the NF's first initiation has a valid mac1 and no mac2", len(first) == 148 and them.mac1_is_valid(first) and
         first[-16:] == bytes(16), first.hex())
    forged = bytearray(them.cookie_reply(first))
    forged[40] ^= 1
    sock.sendto(forged, NF)
    sock.sendto(them.cookie_reply(first), NF)
    case("the NF takes a cookie reply, and not a forged one", until(3, lambda: control.drop("wireguard/cookies_received") == taken + 1))
    sock.sendto(them.cookie_reply(first), NF)
    second = sock.recv(2048)
    case("its next initiation carries the cookie's mac2", them.mac1_is_valid(second) and them.mac2_is_valid(second) and
         second[8:40] != first[8:40], second.hex())
    case("one cookie per initiation: the second reply was not taken", control.drop("wireguard/cookies_received") == taken + 1)
    sock.sendto(them.respond(second), NF)
    data = sock.recv(2048)
    case("the session stands: the NF's first packet opens", data[0] == 4 and them.open(data) == b"" and
         them.initiator == base64.b64decode(nf_key) and control.peers()["strict"]["state"] == 2, (data.hex(), control.peers()))
    control.remove(key)
    sock.close()


def main():
    control.sync([])
    for part in (garbage_flood, handshake_flood, cookie_for_nf):
        began = time.monotonic()
        part()
        note(f"{part.__name__}: {time.monotonic() - began:.1f} s")
    stop_nfs(nf=control)


if __name__ == "__main__":
    run_cases(main)
