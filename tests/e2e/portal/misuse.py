# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_misuse.sh: input no stock peer would send. The connection that sends it is told or closed, as portal §2.1 and
§2.11 say; a pair of peers beside it goes on, the process keeps its memory and its descriptors.
"""
import asyncio
import json
import os
import random
import time

from harness import begin, eventually, id_of, no_complaint, quiet, run, small
from lab import case, note
from roles import Client, Gateway
from wire import Opcode, Refused, dial, request

LAB = id_of("resource", "lab")


def frame(event="broadcast_ice_candidates", payload=None, topic="client", ref=77, **more):
    return json.dumps({"topic": topic, "event": event, "payload": {} if payload is None else payload, "ref": ref, **more})


GOOD = frame(payload={"gateway_ids": [], "candidates": []})
# what closes the connection (§2.1: no JSON, no object, a key missing), and what the refusal says
CLOSES = [
    ("nothing", ""), ("a brace", "{"), ("truncated JSON", GOOD[:-1]), ("half of it", GOOD[:len(GOOD) // 2]), ("no JSON", "hello"),
    ("an array", "[1,null,\"client\",\"news\",{}]"), ("a number", "7"), ("null", "null"), ("a string", '"x"'),
    ("no topic", json.dumps({"event": "x", "payload": {}, "ref": 1})), ("no event", json.dumps({"topic": "client", "payload": {}, "ref": 1})),
    ("no payload", json.dumps({"topic": "client", "event": "x", "ref": 1})), ("no ref", json.dumps({"topic": "client", "event": "x", "payload": {}})),
    ("a key twice", GOOD[:-1] + ',"ref":78}'), ("two objects", GOOD + GOOD), ("a topic that is a number", frame(topic=7)),
    ("an event that is an object", frame(event={})), ("NaN", GOOD.replace("77", "NaN")), ("a control character", GOOD.replace("client", "cl\nient")),
    ("100 000 levels", '{"topic":"client","event":"x","ref":1,"payload":' + "[" * 100000 + "]" * 100000 + "}"),
    ("100 000 levels without end", '{"topic":"client","event":"x","ref":1,"payload":' + '{"a":' * 100000),
]
# what is answered unknown_message, whatever else: wrong types and missing members
ANSWERED = [
    ("gateway_ids that is a string", "broadcast_ice_candidates", {"gateway_ids": "x", "candidates": []}),
    ("ids that are none", "broadcast_ice_candidates", {"gateway_ids": ["x"], "candidates": []}),
    ("candidates that are numbers", "broadcast_ice_candidates", {"gateway_ids": [], "candidates": [1]}),
    ("candidates that are an object", "broadcast_ice_candidates", {"gateway_ids": [], "candidates": {}}),
    ("null", "broadcast_ice_candidates", None), ("a list", "create_flow", []), ("a string", "create_flow", "x"),
    ("no members", "create_flow", {}), ("a resource that is a number", "create_flow", {"resource_id": 7, "connected_gateway_ids": []}),
    ("a resource that is none", "create_flow", {"resource_id": "x", "connected_gateway_ids": []}),
    ("gateways that are null", "create_flow", {"resource_id": LAB, "connected_gateway_ids": None}),
    ("an answer of a gateway", "flow_authorized", {"ref": "x"}),
]


class Beside:
    """Who must not notice."""

    def __init__(self, s):
        self.s = s

    async def come(self):
        self.g, self.c = await self.s.gateway("beside", "v2"), await self.s.client("beside", "v1")
        return self

    async def fine(self, name):
        self.c.lose(self.c.mapped.get(LAB))
        began = time.monotonic()
        made = await self.c.flow(LAB)
        case(f"{name}: others are served", made and made[0] == "created" and time.monotonic() - began < 1.5 and
             self.g.joins == self.c.joins == 1, (made, self.g.ends, self.c.ends))


async def closes(s):
    for what, text in CLOSES:
        p = await s.client("misuser")
        p.socket.send(text)
        how = await p.ended()
        case(f"{what}: the connection is closed", how is not None and how.startswith("close 1"), how)
    for what, data in (("no UTF-8", GOOD.encode().replace(b"client", b"cl\xff\xfeent")), ("a surrogate in UTF-8", GOOD.encode().replace(b"client", b"\xed\xa0\x80"))):
        p = await s.client("misuser")
        p.socket.send(data)
        case(f"{what}: the connection is closed", await p.ended() is not None, p.ends)
    p = await s.client("misuser")
    p.socket.frame(Opcode.BINARY, GOOD.encode())
    case("a binary frame: the connection is closed", await p.ended() in ("close 1003", "close 1008", "close 1002"), p.ends)


async def answered(s):
    p = await s.client("mistaken")
    for what, event, payload in ANSWERED:
        got = await p.ask(event, payload)
        case(f"{event} with {what} is answered", got in ("unknown_message", "invalid_ref"), got)
    nobody = [f"{i:08x}-0000-4000-8000-000000000000" for i in range(20000)]
    p.say("broadcast_ice_candidates", {"gateway_ids": nobody, "candidates": ["x"]})
    p.say("broadcast_ice_candidates", {"gateway_ids": [], "candidates": ["x"] * 100000})
    case("lists of thousands are read", await p.sync() == "ok")
    p.request(LAB, nobody)
    case("and do not keep a request from its answer", await p.expect("flow_created"), p.news)
    for ref in (None, "12", -1, 1.5, True, 1 << 70, [1]):
        q = await s.client("refs")
        q.socket.send(frame("heartbeat", topic="phoenix").replace("77", json.dumps(ref)))
        q.say("heartbeat", {}, True, "phoenix")
        await q.until(lambda q=q: not q.pending or q.socket.ended, 5)
        case(f"a ref of {json.dumps(ref)} is refused, or echoed as it came", q.socket.ended is not None or not q.pending, q.ends)
        await q.stop()


async def frames(s):
    """RFC 6455: fragments, pings between them, odd headers."""
    p = await s.client("fragments", "v1")
    text = encode_heartbeat(5000)
    pieces = [text[i:i + 7] for i in range(0, len(text), 7)]
    future = p.pending_of(5000)
    for i, piece in enumerate(pieces):
        p.socket.frame(Opcode.TEXT if i == 0 else Opcode.CONT, piece, i == len(pieces) - 1)
    case("a message in fragments is read", await asyncio.wait_for(future, 5) == "ok")
    pongs = []
    p.on_odd = p.socket.on_odd = lambda f: pongs.append(bytes(f.data)) if f.opcode is Opcode.PONG else None
    future = p.pending_of(5001)
    text = encode_heartbeat(5001)
    p.socket.frame(Opcode.TEXT, text[:9], False)
    p.socket.frame(Opcode.PING, b"between")
    p.socket.frame(Opcode.CONT, text[9:], True)
    case("with a ping between them, which is answered", await asyncio.wait_for(future, 5) == "ok" and pongs == [b"between"], pongs)
    pings = [os.urandom(125) for _ in range(50)]
    for ping in pings:
        p.socket.frame(Opcode.PING, ping)
    case("of many pings one is answered at least", await p.sync() == "ok" and await eventually(lambda: len(pongs) > 1, 3)
         and all(p in pings for p in pongs[1:]), len(pongs))
    p.socket.frame(Opcode.PONG, b"nobody asked")
    p.socket.frame(Opcode.TEXT, b"", False)
    p.socket.frame(Opcode.CONT, encode_heartbeat(5002), True)
    future = p.pending_of(5002)
    case("an empty first fragment is fine", await asyncio.wait_for(future, 5) == "ok")
    for what, data in (("an unmasked frame", b"\x81\x02hi"), ("a reserved opcode", b"\x83\x80abcd"), ("a reserved bit", b"\xc1\x80abcd"),
                       ("a ping of 126 bytes", b"\x89\xfe\x00\x7eabcd" + b"x" * 126), ("a fragmented ping", b"\x09\x80abcd"),
                       ("a continuation of nothing", b"\x80\x80abcd"), ("a close frame of one byte", b"\x88\x81abcdx"),
                       ("garbage", random.Random(1).randbytes(3000))):
        q = await s.client("framing")
        q.socket.bytes(data)
        case(f"{what}: the connection ends", await q.ended() is not None, q.ends)


def encode_heartbeat(ref):
    return json.dumps({"topic": "phoenix", "event": "heartbeat", "payload": {"fill": "x" * 50}, "ref": ref}).encode()


def pending_of(self, ref):
    future = asyncio.get_running_loop().create_future()
    self.pending[ref] = "heartbeat", future
    return future


Client.pending_of = pending_of


async def half_open(s, beside):
    """Connections that stop in the middle of anything."""
    token = await s.token("actor", "ann")
    whole = request(f"/client/websocket?token={token}&external_id=h&name=h&public_key={'A' * 43}%3D", "x", "dGhlIHNhbXBsZSBub25jZQ==",
                    [("user-agent", "Debian/12.0.0 connlib/1.5.4 (x86_64)")])
    before, raws = s.portal.descriptors(), []
    for cut in [*range(0, len(whole), 9)] * 3:
        raw = await dial(s.portal.where, source=f"127.0.1.{len(raws) % 250 + 1}")
        raw.transport.write(whole[:cut])
        raws.append(raw)
    await beside.fine(f"{len(raws)} handshakes that stop midway")
    for i, raw in enumerate(raws):
        (raw.reset if i % 3 == 0 else raw.transport.close)()
    case("their descriptors are given back", await eventually(lambda: s.portal.descriptors() <= before + 5, 10), (before, s.portal.descriptors()))
    for i in range(60):
        p = await s.make(Client, "actor", "ann", "gone", "v1")
        await p.open()
        p.socket.bytes(b"\x81\xfe\x10\x00mask" + b"x" * (i * 7))
        p.socket.reset() if i % 2 else p.socket.drop()
    await beside.fine("frames that stop midway")
    for i in range(100):  # join and vanish, before anything is read
        p = await s.make(Client, "actor", "ann", f"vanishes {i % 10}", "v2")
        await p.open()
        p.say("phx_join", None)
        p.request(LAB, [])
        p.socket.reset()
    await beside.fine("peers that vanish behind their join")
    case("and theirs", await eventually(lambda: s.portal.descriptors() <= before + 5, 10), (before, s.portal.descriptors()))


def mutated(rng, text):
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 4)):
        kind, at = rng.randrange(4), rng.randrange(len(data)) if data else 0
        if not data:
            break
        if kind == 0:
            data[at] = rng.randrange(32, 127)
        elif kind == 1:
            del data[at:at + rng.randint(1, 20)]
        elif kind == 2:
            data[at:at] = data[rng.randrange(len(data)):][:rng.randint(1, 30)]
        else:
            data[at:at + 1] = rng.choice((b"{", b"}", b"[", b"null", b'"', b"\\", b"1e999", b"\\u0000", "ü".encode()))
    return bytes(data)


async def storm(s, beside):
    """Thousands of frames that are almost right, from both roles and generations; seeded."""
    seed = random.randrange(1 << 32)
    note(f"seed {seed}")
    rng, sent, again = random.Random(seed), 0, 0
    seeds = [GOOD, frame("create_flow", {"resource_id": LAB, "connected_gateway_ids": []}), frame("phx_leave"), frame("no_relays"),
             frame("heartbeat", topic="phoenix"), frame("phx_join"), frame("flow_authorized", {"ref": "x"}, topic="gateway"),
             frame("broadcast_ice_candidates", {"client_ids": [LAB], "candidates": ["x"]}, topic="gateway"), frame("phx_join", topic="gateway")]
    memory = None
    end = time.monotonic() + 12
    while time.monotonic() < end:
        cls, kind, owner = rng.choice(((Client, "actor", "ann"), (Gateway, "site", "empty")))
        p = await s.make(cls, kind, owner, f"storm {rng.randrange(20)}", rng.choice(("v1", "v2")), heartbeat=False)
        p.on_text = lambda text: None  # its complaints are of no interest
        await p.open()
        if rng.random() < 0.8:
            p.say("phx_join", None)
        for _ in range(rng.randrange(1, 30)):
            p.socket.send(mutated(rng, rng.choice(seeds)))
            sent += 1
        await asyncio.sleep(0)
        p.socket.reset() if rng.random() < 0.3 else p.socket.close()
        s.peers.remove(p)
        again += 1
        if again == 200:
            memory = s.portal.memory()
    note(f"{sent} frames on {again} connections; memory {s.portal.memory() >> 20} MiB, {((s.portal.memory() - (memory or 0)) >> 10)} KiB more than after 200")
    case("memory is bounded", memory and s.portal.grew_less(memory, 12 << 20), (memory, s.portal.memory()))
    await beside.fine("a storm of frames")


async def quotas(s, beside):
    """What one token may make grow: devices of an actor (50 here), unanswered requests of a client (20), authorizations (30)."""
    refused = {}
    for i in range(70):
        try:
            p = await s.client(f"device {i}", actor="bob", heartbeat=False)
            await p.stop()
        except Refused as e:
            refused[e.status] = refused.get(e.status, 0) + 1
    case("an actor's devices have a quota", sum(refused.values()) == 20 and 401 not in refused, refused)
    beside.g.answers = False
    c = await s.client("asks", "v1")
    for _ in range(60):
        c.request(LAB)
    await quiet(c, beside.g)
    asked = len([a for a in beside.g.asked if a["client"]["public_key"] == c.key])
    case("so have a client's unanswered requests", asked <= 20, asked)
    beside.g.answers = True
    for a in list(beside.g.asked)[-asked:]:
        beside.g.answer(a)
    await quiet(beside.g, c)
    await c.stop()
    await beside.fine("quotas")


async def main():
    w = small(answer_within_ms=2000)
    w.limits = {"connections_per_source": 0, "handshakes_per_source": 0, "messages_per_s": 10000, "messages_burst": 20000, "frame_bytes": 1 << 22}
    w.quota = {"clients_per_actor": 50, "requests_per_client": 20, "authorizations_per_client": 30}
    s = await begin(w)
    beside = await Beside(s).come()
    for part in (closes, answered, frames):
        await part(s)
        await beside.fine(part.__name__)
    await half_open(s, beside)
    await storm(s, beside)
    await quotas(s, beside)
    no_complaint("misuse")
    await s.stop()


run(main)
