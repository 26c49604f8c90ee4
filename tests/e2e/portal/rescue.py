# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_rescue.sh: who is moved off a gateway that died, leaves or is drained, when, and who is not (portal §6.3 g).
rescue_after is 0.5 s here; in the first part nothing is rescued in the first 3 s.
"""
import asyncio
import time

from harness import begin, eventually, id_of, no_complaint, quiet, run, small
from lab import case, note

LAB, SIX, GIT = (id_of("resource", n) for n in ("lab", "six", "git"))
AFTER = 0.5
MOVE = ["resource_deleted", "resource_created_or_updated"]


class Party:
    """Gateways one and two; clients that use one, two, or both."""

    def __init__(self, s):
        self.s = s

    async def come(self, name, clients=("v1", "v2")):
        s = self.s
        self.one = await s.gateway(f"{name} one", "v1")
        self.on_one, self.on_two, self.on_both = [], [], []
        for g in clients:
            c = await s.client(f"{name} {g} on one", g, busy=True)
            await c.flow(LAB)
            _, p = await c.flow(GIT)
            self.on_one.append(c)
        self.id_one = p["gateway_id"]
        self.two = await s.gateway(f"{name} two", "v2")
        for g in clients:
            c = await s.client(f"{name} {g} on both", g, busy=True)
            await c.flow(LAB, [self.id_one])
            self.on_both.append(c)
        self.id_two = await self.other_id(name)
        for c in self.on_both:
            await c.flow(GIT, [self.id_two])
        for g in clients:
            c = await s.client(f"{name} {g} on two", g, busy=True)
            await c.flow(LAB, [self.id_two])
            self.on_two.append(c)
        self.all = [*self.on_one, *self.on_two, *self.on_both, self.two]
        self.mark()
        return self

    async def other_id(self, name):
        rows = (await self.s.portal.json("gateways"))["gateways"]
        return next(r["id"] for r in rows if r["name"] == f"{name} two")

    def mark(self):
        for p in self.all:
            p.mark()

    async def go(self):
        await self.s.stop()


def moves(c):
    """The pushes that make it let go, by resource, with their times."""
    return [(n.event, n.payload if isinstance(n.payload, str) else n.payload["id"], n.at) for n in c.news if n.event in MOVE]


async def moved(t, name, at, after, resources_of_one=(LAB, GIT)):
    """Exactly those of gateway one, for exactly the resources they have through it; they end up at gateway two."""
    for c in t.on_one:
        ok = await c.until(lambda c=c: len(moves(c)) == 2 * len(resources_of_one) and set(c.mapped.values()) == {t.id_two}, after + 5)
        case(f"{name}: {c.name} is moved, all it has there", ok, (c.news, c.mapped))
    for c in t.on_both:
        ok = await c.until(lambda c=c: len(moves(c)) == 2 and c.mapped.get(LAB) == t.id_two, after + 5)
        case(f"{name}: {c.name} is moved in part", ok and {r for _, r, _ in moves(c)} == {LAB}, (c.news, c.mapped))
    await quiet(*(p for p in t.all if p.socket.ended is None))
    for c in t.on_one + t.on_both:
        seen = moves(c)
        by_resource = {r: [e for e, x, _ in seen if x == r] for _, r, _ in seen}
        case(f"{name}: {c.name}: deletes before creates, each once", all(e == MOVE for e in by_resource.values()), seen)
    times = [x for c in t.on_one + t.on_both for _, _, x in moves(c)]
    note(f"{name}: pushes {min(times) - at:.3f} to {max(times) - at:.3f} s after it")
    case(f"{name}: after {after} s and not before", times and min(times) - at >= after - 0.01 and max(times) - at < after + 2, [x - at for x in times])
    case(f"{name}: nobody else hears anything", not any(c.news for c in t.on_two), [c.news for c in t.on_two])


async def lost(s, how, clients):
    """A socket that ends without a leave."""
    t = await Party(s).come(f"socket {how}", clients)
    at = time.monotonic()
    t.one.socket.reset() if how == "reset" else t.one.socket.drop()
    row = await eventually(lambda: state(s, t.id_one, "missing"), 0.4)
    case(f"socket {how}: sluicectl shows it as missing", row)
    await moved(t, f"socket {how}", at, AFTER)
    await t.go()
    no_complaint(f"socket {how}")


async def state(s, gateway, wanted):
    rows = (await s.portal.json("gateways"))["gateways"]
    return next(r["state"] for r in rows if r["id"] == gateway) == wanted


async def nothing_happens(t, name, seconds):
    """Nothing is pushed to any client for that long: the only way to see that is to look for that long."""
    await asyncio.sleep(seconds)
    await quiet(*(p for p in t.all if p.socket.ended is None))
    wrong = {c.name: c.news for c in t.on_one + t.on_two + t.on_both if moves(c)}
    case(f"{name}: nobody is moved", not wrong, wrong)


async def back_in_time(s):
    t = await Party(s).come("back")
    before = (await s.portal.metrics())["sluice_portal_rescues_averted_total"]
    t.one.socket.reset()
    await t.one.ended()
    await asyncio.sleep(AFTER * 0.5)
    await t.one.connect()
    await nothing_happens(t, "a gateway that is back in time", AFTER * 2)
    case("and that is counted", (await s.portal.metrics())["sluice_portal_rescues_averted_total"] == before + 1)
    case("it has all its access", len(t.one.access) == 6, t.one.access)
    await t.go()
    no_complaint("back in time")


async def leaves(s):
    """A leave counts as a drain: at once."""
    t = await Party(s).come("leave")
    at = time.monotonic()
    case("a leave is answered", await t.one.leave() == "ok")
    await moved(t, "a leave", at, 0)
    t.one.socket.close()
    t.mark()
    await t.go()
    no_complaint("leave")


async def drained(s, name):
    """By the operator."""
    t = await Party(s).come(name)
    at = time.monotonic()
    got = await s.portal.json("drain", t.id_one)
    case(f"{name}: sluicectl says what it does", got["id"] == t.id_one and got["state"] in ("draining", "cordoned"), got)
    await moved(t, name, at, 0)
    case(f"{name}: nobody is left", await eventually(lambda: drained_out(s, t), 3))
    case(f"{name}: the gateway was asked for nothing but to stay", t.one.socket.ended is None)
    await s.portal.json("uncordon", t.id_one)
    await t.go()
    no_complaint(name)


async def drained_out(s, t):
    row = next(r for r in (await s.portal.json("gateways"))["gateways"] if r["id"] == t.id_one)
    return row["to_move"] == 0


async def ours(s):
    """§6.3 g (3)."""
    g = await s.gateway("ours one", "v1", ours="1.0.0")
    stock, own = await s.client("ours stock", "v1", busy=True), await s.client("ours own", "v1", busy=True, ours="1.0.0")
    for c in (stock, own):
        _, p = await c.flow(LAB)
    await s.gateway("ours two", "v1")
    for c in (stock, own):
        c.mark()
    await g.leave()
    case("our gateway leaves: a stock client is moved", await stock.until(lambda: len(moves(stock)) == 2, 2), stock.news)
    await quiet(own)
    case("and one of ours is left to it", not moves(own), own.news)
    await s.stop()
    g = await s.gateway("ours four", "v1", ours="1.0.0")
    own = await s.client("ours own too", "v1", busy=True, ours="1.0.0")
    await own.flow(LAB)
    await s.gateway("ours five", "v1")
    own.mark()
    g.socket.reset()
    case("when our gateway dies instead, ours are rescued like others", await own.until(lambda: len(moves(own)) == 2, AFTER + 3), own.news)
    await s.stop()
    no_complaint("our own peers")


async def early():
    """Nobody is rescued soon after the portal's own start."""
    s = await begin(small(rescue_after_ms=200, rescue_not_before_ms=3000), "early", 8081)
    t = await Party(s).come("early")
    await s.portal.stop()
    for p in [t.one, *t.all]:
        await p.ended()
    await s.portal.start(write=False)
    started = time.monotonic()
    for p in t.all:
        await p.connect()
        p.mark()
    await nothing_happens(t, "a gateway that did not come back with its portal", max(0, 2.5 - (time.monotonic() - started)))
    await t.go()
    no_complaint("early")
    await s.portal.stop()


async def main():
    await early()
    s = await begin(small(rescue_after_ms=int(AFTER * 1000), rescue_not_before_ms=0), "rescue", 8081)
    await lost(s, "reset", ("v1", "v2"))
    await lost(s, "closed", ("v2", "v1"))
    await back_in_time(s)
    await leaves(s)
    await drained(s, "drain")
    await ours(s)


run(main)
