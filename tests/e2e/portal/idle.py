# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_idle.sh: who is silent for longer than idle_after (37 s here, the least there is) is closed; who keeps to the
heartbeats of its generation stays, and the portal sends nothing by itself all the while (portal §2.5).
"""
import asyncio
import time

from harness import begin, eventually, id_of, no_complaint, run, small
from lab import case, note

LAB = id_of("resource", "lab")
IDLE = 37


async def main():
    w = small(idle_after_ms=IDLE * 1000)
    s = await begin(w)
    alive = [await s.gateway("alive v1", "v1"), await s.gateway("alive v2", "v2"), await s.client("alive v1", "v1"), await s.client("alive v2", "v2")]
    relay = await s.relay("dd" * 32, "198.51.100.9")
    silent = [await s.gateway("silent v1", "v1", heartbeat=False), await s.client("silent v2", "v2", heartbeat=False)]
    began = time.monotonic()
    for p in alive + silent + [relay]:
        p.mark()
    stopped = await s.client("stopped", "v1", heartbeat=False)
    stopped.socket.raw.transport.pause_reading()  # a host that froze: its kernel acknowledges and nobody answers
    await eventually(lambda: all(p.socket.ended for p in silent), IDLE + 10)
    took = [round(p.ends[-1][0] - began, 1) for p in silent if p.ends]
    case("the silent are closed when their time is over", len(took) == 2 and all(IDLE - 1 <= t <= IDLE + 8 for t in took), took)
    case("with a reason they can tell from a restart", all(p.ends[-1][1].startswith("close 1") and p.ends[-1][1] != "close 1012" for p in silent),
         [p.ends for p in silent])
    count = (await s.portal.metrics())["sluice_portal_idle_connections_total"]
    case("and counted, with the one that froze", count == 3, count)
    case("it is gone, too", await eventually(lambda: is_gone(s, "stopped"), 5))
    stay = alive + [relay]
    case("who sends heartbeats as its generation does stays", all(p.socket.ended is None and p.joins == 1 for p in stay), [p.ends for p in stay])
    case("and heard nothing but answers, and of the relay", not any(set(p.events()) - {"relays_presence"} for p in alive), [p.news for p in alive])
    note(f"heartbeats sent: {[sum(e == 'heartbeat' for _, e in p.sent) for p in stay]}")
    kind, _ = await alive[3].flow(LAB)
    case("all works as before", kind == "created" and all([await p.sync() == "ok" for p in stay]))
    stopped.socket.reset()
    await asyncio.sleep(0)
    await s.stop()
    no_complaint("idle")


async def is_gone(s, name):
    return not next(r for r in (await s.portal.json("clients"))["clients"] if r["name"] == name)["online"]


run(main)
