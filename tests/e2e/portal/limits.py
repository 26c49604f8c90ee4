# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_limits.sh: each limit is hit, the refusal is clear and counted, and a pair of peers that is connected all the
while never notices.
"""
import asyncio
import socket
import time

from harness import begin, eventually, id_of, no_complaint, quiet, run, small
from lab import case, note
from peer import encode
from roles import Client
from wire import Lost, Opcode, Refused, dial, read_head

LAB, SIX, GIT = (id_of("resource", n) for n in ("lab", "six", "git"))
BUSY = (429, 503)
COUNTER = 'sluice_portal_refusals_total{reason="%s"}'


class Witness:
    """A gateway and a client from an address of their own, to whom nothing happens."""

    def __init__(self, s):
        self.s = s

    async def come(self):
        self.g = await self.s.gateway("witness", "v1", source="127.0.0.77")
        self.c = await self.s.client("witness", "v2", source="127.0.0.77")
        await self.c.flow(LAB)
        return self

    async def fine(self, name):
        began = time.monotonic()
        self.c.lose(self.c.mapped.get(LAB))
        made = await self.c.flow(LAB)
        took = time.monotonic() - began
        case(f"{name}: others are served meanwhile", made and made[0] == "created" and took < 1 and self.g.joins == self.c.joins == 1, (made, took))


async def counted(s, reason, before):
    return await eventually(lambda: more(s, reason, before), 3)


async def more(s, reason, before):
    return (await s.portal.metrics()).get(COUNTER % reason, 0) > before


async def count(s, reason):
    return (await s.portal.metrics()).get(COUNTER % reason, 0)


async def per_source(s, witness):
    """connections_per_source is 8."""
    before = await count(s, "source_connections")
    held = [await s.client(f"held {i}", source="127.0.0.2") for i in range(8)]
    for _ in range(3):
        try:
            await s.client("one too many", source="127.0.0.2")
            case("a connection too many from one source is refused", False)
        except Refused as e:
            retry = [v for k, v in e.headers if k.lower() == "retry-after"]
            case("a connection too many from one source is refused, for a while", e.status in BUSY and retry and int(retry[0]) > 0, e)
    case("and counted by its name", await counted(s, "source_connections", before + 2))
    other = await s.client("other source", source="127.0.0.3")
    case("another source is not concerned", other.init is not None)
    await held[0].stop()
    case("when one goes another may come", await eventually(lambda: comes(s), 3))
    await witness.fine("connections per source")
    for p in [*held, other]:
        await p.stop()


async def comes(s):
    try:
        await s.client("one less", source="127.0.0.2")
        return True
    except Refused:
        return False


async def handshakes(s, witness):
    """20 of one source may be unauthenticated at once; after handshake_ms they are closed."""
    before = await count(s, "source_handshakes")
    idle = [await dial(s.portal.where, source="127.0.0.4") for _ in range(20)]
    await eventually(lambda: False, 0.1)
    raw = await dial(s.portal.where, source="127.0.0.4")
    try:
        _, status, _ = await read_head(raw, 3)
        case("a handshake too many of one source is refused", status in BUSY, status)
    except Lost as e:
        case("a handshake too many of one source is refused", raw.ended is not None, e)
    case("and counted by its name", await counted(s, "source_handshakes", before))
    other = await s.client("other source", source="127.0.0.5")
    case("another source may still come", other.init is not None)
    await witness.fine("handshakes")
    before = await count(s, "handshake_time")
    began = time.monotonic()
    ended = await asyncio.gather(*(r.until(lambda d: False, 9) for r in idle), return_exceptions=True)
    case("who says nothing is closed after the time for it", all(r.ended for r in idle) and time.monotonic() - began < 8.5, ended[:3])
    case("and counted", await counted(s, "handshake_time", before + 15))
    p = await s.make(Client, "actor", "ann", "never joins", "v1")
    await p.open()
    began = time.monotonic()
    case("so is who upgrades and never joins", await p.ended(9) is not None and time.monotonic() - began < 8.5, p.ends)
    await other.stop()


async def headers(s, witness):
    """8 KiB must pass (§6.2); more than header_bytes, 16 KiB here, must not."""
    p = await s.make(Client, "actor", "ann", "headers", "v1")
    more_headers = [("X-Fill", "x" * 700)] * 10
    await p.connect(headers=p.headers() + more_headers)
    case("8 KiB of headers are fine", p.init is not None)
    await p.stop()
    before = await count(s, "header_bytes")
    p.token_in = "none"
    for what, given in (("a token of 18 KiB", [("X-Authorization", "Bearer " + "x" * 18000)]), ("one header of 100 KiB", [("X-Fill", "x" * 100000)]),
                        ("1000 headers", [(f"X-Fill-{i}", "x" * 100) for i in range(1000)])):
        try:
            await p.open(headers=p.headers() + given)
            case(f"{what}: refused", False)
        except Refused as e:
            case(f"{what}: refused", e.status in (400, 431), e)
        except (Lost, OSError) as e:
            case(f"{what}: closed", "18 KiB" not in what, e)
    raw = await dial(s.portal.where)
    raw.transport.write(b"GET /client/websocket?token=" + b"t" * 60000)
    await raw.until(lambda d: False, 5)
    case("a request line without end is not read on", raw.ended is not None or b" 4" in raw.data[:14], bytes(raw.data[:80]))
    raw.transport.abort()
    case("long headers are counted", await counted(s, "header_bytes", before))
    await witness.fine("headers")


async def frames(s, witness):
    """frame_bytes is 64 KiB here."""
    before = await count(s, "frame_bytes")
    p = await s.client("frames", "v1")
    fill = encode({"topic": "client", "event": "news", "payload": {"x": "y" * 65000}, "ref": 9})
    case("a message just below the limit is fine", await p.ask("heartbeat", {"x": "y" * 60000}, topic="phoenix") == "ok")
    p.socket.send(fill + " " * 2000)
    case("a message beyond it closes its connection", (await p.ended()) in ("close 1009", "close 1008"), p.ends)
    await p.connect()
    part = fill.encode()
    for i in range(40):
        p.socket.frame(Opcode.TEXT if i == 0 else Opcode.CONT, part[i * 4000:(i + 1) * 4000] or b" " * 4000, False)
    case("also in fragments", (await p.ended()) in ("close 1009", "reset"), p.ends)  # reset: more was on its way
    await p.connect()
    p.socket.bytes(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"mask" + b"x" * 70000)
    case("also one that says how long it will be", await p.ended() is not None, p.ends)
    case("and counted", await counted(s, "frame_bytes", before + 2))
    await witness.fine("frames")


async def messages(s, witness):
    """100 a second with a burst of 300."""
    before = await count(s, "message_rate")
    p = await s.client("talks", "v1")
    for _ in range(250):
        p.say("broadcast_ice_candidates", {"gateway_ids": [], "candidates": []})
    case("a burst is fine", await p.sync() == "ok")
    for _ in range(3000):
        p.say("broadcast_ice_candidates", {"gateway_ids": [], "candidates": []})
    case("a flood closes its connection", (await p.ended()) in ("close 1008", "reset"), p.ends)
    case("and is counted", await counted(s, "message_rate", before))
    g = await s.gateway("speaks for many", "v2")
    for _ in range(3000):
        g.say("broadcast_ice_candidates", {"client_ids": [], "candidates": []})
    case("a gateway may say more, for all its clients", await g.sync() == "ok")
    for _ in range(12000):
        g.say("broadcast_ice_candidates", {"client_ids": [], "candidates": []})
    case("but not everything", (await g.ended(15)) in ("close 1008", "reset"), g.ends)
    await witness.fine("messages")


async def slow(s, witness):
    """queued_bytes is 1 MiB: who does not read is let go, with what is in the kernel's buffers on top."""
    before = await count(s, "slow_consumer")
    p = await s.make(Client, "actor", "ann", "slow", "v1", heartbeat=False)
    await p.connect()
    await p.flow(LAB)
    p.socket.raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    p.socket.raw.transport.pause_reading()
    before_fds = s.portal.descriptors()
    memory = s.portal.memory()
    client = witness.g.asked[-1]["client"]["id"]
    sent = 0
    lost = await count(s, "candidates")
    while not await more(s, "candidates", lost) and sent < 4000:
        for _ in range(10):
            witness.g.say("broadcast_ice_candidates", {"client_ids": [client], "candidates": ["candidate:" + "x" * 3800]})
        sent += 10
        await asyncio.sleep(0.11)  # the witness keeps to its own limit of messages
    case("candidates are lost rather than that who is sent them is let go", await counted(s, "candidates", lost) and s.portal.descriptors() == before_fds, sent)
    names = [f"much {i}" for i in range(300)]
    for i, name in enumerate(names):
        s.portal.world.resource(name, f"10.{50 + i // 250}.{i % 250}.0/24", "main")
    s.portal.world.policy("much", ["ann"], names)
    for i in range(40):
        if await more(s, "slow_consumer", before):
            break
        for r in s.portal.world.resources:
            r["description"] = f"{i} " + "x" * 200
        await s.portal.reload()
    case("a slow consumer is let go", await counted(s, "slow_consumer", before), sent)
    note(f"after {sent * 4 >> 10} MiB; memory grew by {(s.portal.memory() - memory) >> 10} KiB")
    case("and costs no more than its queue", s.portal.grew_less(memory, 6 << 20), s.portal.memory() - memory)
    case("its connection is gone", await eventually(lambda: s.portal.descriptors() < before_fds, 10), (s.portal.descriptors(), before_fds))
    p.socket.reset()
    await witness.fine("a slow consumer")


async def bad_tokens(s, witness):
    """bad_tokens_per_s is 5 with a burst of ten times as many: then it is 503, so that a good token cannot be told from a bad one."""
    p = await s.make(Client, "actor", "ann", "guesses", "v2", source="127.0.0.9")
    good, seen, began = p.token, {}, time.monotonic()
    for i in range(150):
        p.token = f"slp_c_{i:043d}"
        try:
            await p.open()
        except Refused as e:
            seen[e.status] = seen.get(e.status, 0) + 1
    took = time.monotonic() - began
    case("wrong tokens in bulk: 401, and then not even that", seen.get(401, 0) <= 50 + 5 * took + 2 and sum(seen.get(x, 0) for x in BUSY) >= 150 - 52 - 5 * took
         and sum(seen.values()) == 150, (seen, took))
    p.token, p.source = good, "127.0.0.10"
    case("from elsewhere the good one is taken", (await p.connect()).init is not None)
    await witness.fine("wrong tokens in bulk")
    case("and counted", await count(s, "token") >= 50 and await count(s, "bad_tokens") > 0)


async def whole(world):
    """Beyond the connections of all together the next one is refused, not those who are there."""
    world.limits = {"connections": 30}
    s = await begin(world, "whole", 8082)
    peers = [await s.client(f"cl{i}") for i in range(30)]
    refused = 0
    for i in range(5):
        try:
            await s.client(f"more{i}")
        except (Refused, Lost) as e:
            refused += getattr(e, "status", 503) in BUSY
    case("connections in all: the next is refused", refused == 5, refused)
    await quiet(*peers)
    case("and nobody else is harmed", all(p.socket.ended is None for p in peers))
    await s.stop()


async def main():
    w = small()
    w.limits = {"connections_per_source": 8, "handshakes_per_source": 20, "handshake_ms": 5000, "header_bytes": 16384, "frame_bytes": 65536,
                "messages_per_s": 100, "messages_burst": 300, "queued_bytes": 1 << 20, "bad_tokens_per_s": 5}
    s = await begin(w)
    witness = await Witness(s).come()
    for part in (per_source, handshakes, headers, frames, messages, slow, bad_tokens):
        await part(s, witness)
    await s.stop()
    no_complaint("limits")
    await s.portal.stop()
    await whole(small())


run(main)
