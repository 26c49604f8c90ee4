# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_drain.sh: 2000 clients are moved off one gateway at the pace of portal §6.3 g, the survivors' load is even,
and then a quarter of them is rescued.
"""
import asyncio
import http.client
import re
import threading
import time

from harness import begin, eventually, id_of, no_complaint, quiet, run, small
from lab import case, note

CLIENTS, SURVIVORS, WITHIN = 2000, 4, 2.0
LAB = id_of("resource", "lab")
MOVE = ["resource_deleted", "resource_created_or_updated"]


async def fill(s):
    first = await s.gateway("first", "v1")
    clients = []
    began = time.monotonic()
    for i in range(0, CLIENTS, 40):
        clients += await asyncio.gather(*(s.client(f"cl{i + k}", ("v1", "v2")[k % 2], busy=True, heartbeat=False) for k in range(40)))
        made = await asyncio.gather(*(c.flow(LAB, seconds=20) for c in clients[-40:]))
        assert all(m and m[0] == "created" for m in made), made[:3]
    note(f"{CLIENTS} clients joined and had a flow in {time.monotonic() - began:.1f} s")
    return first, clients, made[0][1]["gateway_id"]


def pushes(clients):
    return sorted(n.at for c in clients for n in c.news if n.event == "resource_deleted")


def most_within(times, seconds):
    best = first = 0
    for last, t in enumerate(times):
        while times[first] <= t - seconds:
            first += 1
        best = max(best, last - first + 1)
    return best


def load(clients):
    count = {}
    for c in clients:
        count[c.mapped.get(LAB)] = count.get(c.mapped.get(LAB), 0) + 1
    return count


def even(counts, total, gateways):
    """Random choice among so many differs by some dozens; a gateway with half as much again is no accident."""
    return len(counts) == gateways and max(counts.values()) < total / gateways * 1.3 and min(counts.values()) > total / gateways * 0.7


async def settled(clients, gone, seconds):
    return await eventually(lambda: all(c.mapped.get(LAB) not in (None, gone) for c in clients), seconds)


class Watch(threading.Thread):
    """How many the portal says it has moved, and when this was known; beside the loop, which has much to read."""

    def __init__(self, portal, n):
        super().__init__(daemon=True)
        self.where, self.n, self.before, self.seen = portal.http_at, n, None, []
        self.before = self.count()
        self.start()

    def count(self):
        c = http.client.HTTPConnection(*self.where, timeout=10)
        c.request("GET", "/metrics")
        text = c.getresponse().read().decode()
        c.close()
        return int(re.search(r"^sluice_portal_clients_moved_total (\d+)$", text, re.M)[1])

    def run(self):
        end = time.monotonic() + 30
        while (not self.seen or self.seen[-1][1] < self.n) and time.monotonic() < end:
            moved = self.count() - self.before
            self.seen.append((time.monotonic(), moved))
            time.sleep(0.02)

    async def over(self):
        await eventually(lambda: not self.is_alive(), 30)
        return self.seen


def judge(name, clients, concerned, at, after, seen):
    times = pushes(concerned)
    note(f"{name}: {len(times)} pushes from {times[0] - at:.2f} to {times[-1] - at:.2f} s; most within 100 ms: {most_within(times, 0.1)}, "
         f"within one second: {most_within(times, 1)}")
    case(f"{name}: everybody concerned was told once", len(times) == len(concerned) and all(c.events()[:2] == MOVE for c in concerned))
    case(f"{name}: nobody else", not any(c.news for c in clients if c not in concerned))
    # Late this process may be, when it has much to read, but the portal must not be early: that is what its pace is for.
    pace = min(WITHIN / len(concerned), 1 / 200)
    early = [(round(t - at, 3), n) for t, n in seen if n > max(0, t - at - after) / pace + 1]
    case(f"{name}: none before its turn, {pace * 1000:.1f} ms after the one before", len(seen) > 3 and not early, early[:10])
    case(f"{name}: and all within a few seconds", seen[-1][1] == len(concerned) and seen[-1][0] - at < after + WITHIN + 10, seen[-1])


async def drain(s, first, clients, gateway, survivors):
    for p in clients:
        p.mark()
    watching = Watch(s.portal, len(clients))
    at = time.monotonic()
    code, out, err = await s.portal.ctl("drain", gateway, "--wait", "--timeout", "30")
    took = time.monotonic() - at
    case("drain --wait ends when nobody is left to move", code == 0, (code, out, err))
    case("all have another gateway", await settled(clients, gateway, 15), load(clients))
    await quiet(*clients[:50])
    judge("drain", clients, clients, at, 0, await watching.over())
    note(f"drain --wait took {took:.2f} s; load of the survivors: {sorted(load(clients).values())}")
    case("the survivors' load is even", even(load(clients), CLIENTS, SURVIVORS), load(clients))
    status = await s.portal.json("status")
    note(f"busiest second: {status['busiest_second']} requests")
    case("the portal knows its busiest second", status["busiest_second"] >= CLIENTS / 20, status["busiest_second"])
    case("nobody who took clients over said too much for it", all(g.socket.ended is None for g in survivors), [g.ends for g in survivors])
    case("the drained gateway still belongs to it", first.socket.ended is None and await first.sync() == "ok")


async def rescue(s, clients, survivors):
    """One of them dies with its clients."""
    ids = {g.ipv4: None for g in survivors}
    for row in (await s.portal.json("gateways"))["gateways"]:
        if row["ipv4"] in ids:
            ids[row["ipv4"]] = row["id"]
    victim, gone = survivors[0], ids[survivors[0].ipv4]
    concerned = [c for c in clients if c.mapped.get(LAB) == gone]
    for p in clients:
        p.mark()
    watching = Watch(s.portal, len(concerned))
    at = time.monotonic()
    victim.socket.reset()
    case("rescue: all have another gateway", await settled(clients, gone, 15), load(clients))
    await quiet(*clients[:50])
    judge("rescue", clients, concerned, at, 0.5, await watching.over())
    note(f"rescue: load of the survivors: {sorted(load(clients).values())}")
    case("rescue: their load is even", even(load(clients), CLIENTS, SURVIVORS - 1), load(clients))


async def main():
    s = await begin(small(rescue_after_ms=500, rescue_not_before_ms=0))
    first, clients, gateway = await fill(s)
    survivors = [await s.gateway(f"survivor {i}", ("v1", "v2")[i % 2], announces=4) for i in range(SURVIVORS)]
    memory = s.portal.memory()
    await drain(s, first, clients, gateway, survivors)
    await rescue(s, clients, survivors)
    note(f"memory: {memory >> 20} MiB before, {s.portal.memory() >> 20} MiB after")
    case("memory does not grow by it", s.portal.grew_less(memory, 32 << 20), (memory, s.portal.memory()))
    await s.stop()
    no_complaint("drain and rescue")


run(main)
