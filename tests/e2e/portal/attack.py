# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_attack.sh: what one peer, or a stranger, can do to the others with what the portal lets it send."""
import asyncio
import os
import resource
import signal
import shutil
import socket
import subprocess
import time

import program
from harness import begin, eventually, id_of, no_complaint, run, small
from lab import DIR, case, note
from program import PORTAL, Portal, make_certificates
from roles import Client
from wire import Lost, Refused, dial

LAB = id_of("resource", "lab")


async def latency(c, seconds):
    """The longest that a heartbeat of this peer takes meanwhile."""
    worst, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        at = time.monotonic()
        await c.ask("heartbeat", {}, 20, topic="phoenix")
        worst = max(worst, time.monotonic() - at)
        await asyncio.sleep(0.01)
    return worst


async def large_candidates(s, g, c):
    """Of one frame, as often as there are recipients, much can be made."""
    evil = await s.client("evil")
    await evil.flow(LAB)
    evil.say("broadcast_ice_candidates", {"gateway_ids": list(evil.gateways) * 64, "candidates": ["candidate:" + "x" * 1000] * 900})
    worst = await latency(c, 1)
    note(f"a heartbeat beside one frame took {worst * 1000:.0f} ms")
    case("large candidates: the gateway stays", g.socket.ended is None and g.joins == 1, (g.ends, g.joins))
    case("large candidates: others are served", worst < 0.8, worst)
    await evil.stop()


async def strangers(s, g, c):
    """An id is no permission."""
    evil = await s.client("curious", actor="bob")
    before = len(g.inbox)
    evil.say("broadcast_ice_candidates", {"gateway_ids": list(c.gateways), "candidates": ["candidate:evil"]})
    await evil.sync()
    await g.sync()
    case("candidates of somebody without a flow go nowhere", not [n for n in g.inbox[before:] if "candidates" in n.event], g.inbox[before:])
    await evil.stop()


async def large_frames(s, g, c):
    """Each is within the limits of frames, all are within that of messages."""
    evil = await s.client("evil too")
    for _ in range(100):
        evil.say("broadcast_ice_candidates", {"gateway_ids": [], "candidates": ["x" * 1000] * 900})
    worst = await latency(c, 2)
    note(f"a heartbeat beside large frames took {worst * 1000:.0f} ms")
    case("a flood of large frames is closed", (await evil.ended()) in ("close 1008", "reset"), evil.ends)
    case("a flood of large frames: others are served", worst < 0.8, worst)


def ticks(s):
    """Hundredths of a second that it was busy."""
    f = open(f"/proc/{s.portal.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return int(f[11]) + int(f[12])


async def descriptors(s, g, c):
    pid = s.portal.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    n = s.portal.descriptors()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (n, hard))
    held = []
    for where in (s.portal.where, s.portal.where, s.portal.http_at):
        x = socket.socket()
        x.setblocking(False)
        x.connect_ex(where)
        held.append(x)
    held.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    held[-1].connect(s.portal.control)
    await asyncio.sleep(0.1)
    at = ticks(s)
    await asyncio.sleep(2)
    made = ticks(s) - at
    case("out of descriptors: the loop does not spin", made < 10, made)
    case("out of descriptors: who is in is served", await latency(c, 0.3) < 1 and (await c.flow(LAB))[0] == "created")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    for x in held:
        x.close()
    late = await s.client("late")
    case("and when there are some again newcomers are served", late.init is not None and (await s.portal.ctl("status"))[0] == 0)
    await late.stop()


async def other_protocols(s, g, c):
    """libwebsockets speaks more than it is asked to here."""
    h2c = b"GET /client/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n\r\n"
    known = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    for name, text in (("an upgrade to HTTP/2", h2c), ("HTTP/2 by prior knowledge", known)):
        raw = await dial(s.portal.where)
        raw.transport.write(text)
        ended = await raw.until(lambda d: False, 5) or raw.ended
        case(f"{name} is refused at once", ended and raw.data.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), (raw.ended, bytes(raw.data[:60])))


async def slow_strangers(world):
    """As many connections as there may be without a token, which say nothing, from several addresses; then a peer."""
    world.limits = {"handshakes": 40, "handshakes_per_source": 20, "handshake_ms": 60000}
    s = await begin(world, "strangers", 8082)
    held = [await dial(s.portal.where, source=f"127.0.0.{2 + i % 4}") for i in range(60)]
    await asyncio.sleep(1.2)
    peers = []
    try:
        for i in range(10):
            peers.append(await s.client(f"honest {i}", source="127.0.0.9"))
            held.append(await dial(s.portal.where, source="127.0.0.6"))
    except (Refused, Lost) as e:
        note(f"refused: {e}")
    case("strangers who only connect do not keep out who has a token", len(peers) == 10, len(peers))
    await s.stop()
    for raw in held:
        raw.transport.abort()
    await s.portal.stop()


async def stopping(world):
    """What is asked of a portal that stops does not make it tell the service manager that it runs."""
    s = await begin(world, "stopping", 8083)
    raw = await dial(s.portal.where)
    await asyncio.sleep(0.1)
    s.portal.process.send_signal(signal.SIGTERM)
    await s.portal.told(5, "STOPPING=1")
    s.portal.notified.clear()
    s.portal.process.send_signal(signal.SIGHUP)
    code = await s.portal.gone()
    case("SIGHUP while it stops: nothing happens", code == 0 and not s.portal.notified, (code, s.portal.notified))
    raw.transport.abort()


async def busy(world):
    """A reload that has much to say to many takes long, but does not hang."""
    for i in range(2500):
        world.resource(f"r{i}", f"10.{128 + i // 250}.{i % 250}.0/24", "main", description="x" * 200)
    world.policy("all", ["ann"], [f"r{i}" for i in range(2500)])
    s = await begin(world, "busy", 8084, WATCHDOG_USEC="200000")
    peers = [await s.client(f"cl{i}", heartbeat=False) for i in range(30)]
    for p in peers:
        p.socket.raw.transport.pause_reading()
    for r in world.resources:
        r["description"] = "y" * 200
    s.portal.notified.clear()
    s.portal.write()
    began = time.monotonic()
    s.portal.process.send_signal(signal.SIGHUP)
    await s.portal.told(60, "READY=1")
    took, lines = time.monotonic() - began, s.portal.notified
    told = lines[lines.index("RELOADING=1"):lines.index("READY=1")].count("WATCHDOG=1")
    note(f"to tell 30 clients of 2500 resources took {took:.2f} s")
    case("a long reload: the watchdog hears of it", told >= min(2, int(took / 0.3)), (took, told))
    await s.stop()
    await s.portal.stop()


async def full(world):
    """As many connections as the descriptors allow, beside listeners with TLS: the next is told, operators and pages are served."""
    files, _ = make_certificates("full")
    world.listen = [{"address": f"127.0.0.1:{port}", **files} for port in (8186, 8187, 8188)]
    with open(os.open(f"{DIR}/limited", os.O_CREAT | os.O_WRONLY, 0o755), "w") as f:
        f.write(f'#!/bin/sh\nulimit -n 400\nexec {PORTAL} "$@"\n')
    program.PORTAL = f"{DIR}/limited"
    s = await begin(world, "full", 8086)
    program.PORTAL = PORTAL
    token, peers = await s.token("actor", "ann"), []
    try:
        while len(peers) < 400:
            peers.append(Client(s.portal, token, f"cl{len(peers)}", heartbeat=False))
            await asyncio.wait_for(peers[-1].open(), 5)
        last = "none is refused"
    except (Refused, Lost, asyncio.TimeoutError) as e:
        last = getattr(e, "status", repr(e))
    note(f"{len(peers)} connections, {s.portal.descriptors()} descriptors")
    case("no descriptor is left for another connection: it is told", last == 503 and len(peers) > 100, (len(peers), last))
    case("no descriptor is left for another connection: operators are served", (await s.portal.ctl("status"))[0] == 0)
    for p in peers:
        if p.socket:
            p.socket.reset()
    await s.stop()
    await s.portal.stop()


async def memory(world):
    """A process of the same user can neither debug the portal nor make it leave a core file: /proc belongs to root then."""
    p = Portal(world, "nobody/portal", 8085)
    os.mkdir(f"{DIR}/nobody")
    os.chmod(DIR, 0o711)
    p.write()
    for path in (f"{DIR}/nobody", p.file):
        os.chown(path, 65534, 65534)
    program = shutil.copy(PORTAL, f"{DIR}/sluice-portal")  # the build may lie where nobody may look
    with open(p.log, "ab") as out:
        p.process = subprocess.Popen([program, "-c", p.file], user=65534, group=65534, extra_groups=[], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    runs = await eventually(lambda: os.path.exists(p.control), 10)
    owner = os.stat(f"/proc/{p.process.pid}/environ").st_uid
    case("its memory is nobody else's", runs and owner == 0, (owner, p.tail()))
    await p.stop()


async def main():
    s = await begin(small())
    g, c = await s.gateway("gw"), await s.client("cl")
    await c.flow(LAB)
    for part in (other_protocols, strangers, large_candidates, large_frames, descriptors):
        await part(s, g, c)
    await s.stop()
    no_complaint("attack")
    await s.portal.stop()
    await slow_strangers(small())
    await stopping(small())
    await busy(small())
    await full(small())
    await memory(small())


run(main)
