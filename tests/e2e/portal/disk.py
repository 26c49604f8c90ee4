# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_disk.sh: the database's file system is full. Who is known is served as before; a device that would have to be
remembered is told to come back later, since what it was given could be another's after a restart.
"""
import contextlib
import os
import subprocess

from harness import Site, eventually, id_of, no_complaint, run, small
from lab import DIR, case
from program import Portal
from roles import Client
from wire import Refused

LAB = id_of("resource", "lab")
FOLDER = f"{DIR}/small"


def fill():
    with open(f"{FOLDER}/fill", "wb", buffering=0) as f, contextlib.suppress(OSError):
        while f.write(bytes(4096)):
            pass


async def newcomer(s, name):
    """"joined", or the status of the refusal."""
    p = await s.make(Client, "actor", "bob", name, "v1")
    try:
        await p.connect()
        return p, "joined"
    except Refused as e:
        return p, e.status


async def full(s, g, c):
    fill()
    told = []
    for i in range(200):  # until the first transaction finds no room
        p, outcome = await newcomer(s, f"new {i}")
        if outcome != "joined":
            break
        told.append(p)
    case("a device that would have to be remembered is told to come back later", outcome == 503, outcome)
    status, _ = await s.portal.http("/readyz")
    case("/readyz says no, /healthz yes", status == 503 and (await s.portal.http("/healthz"))[0] == 200, status)
    case("and so does the log", "event=store_behind" in s.portal.text(), s.portal.tail())
    kind, _ = await c.flow(LAB)
    case("who is there is served as before", kind == "created" and await g.sync() == "ok")
    ipv4 = c.ipv4
    await c.connect()
    case("who is known may come again", c.ipv4 == ipv4)
    return told


async def room_again(s, told):
    os.unlink(f"{FOLDER}/fill")

    async def ready():
        return (await s.portal.http("/readyz"))[0] == 200
    case("with room again it is ready by itself", await eventually(ready, 5))
    p, outcome = await newcomer(s, "late")
    case("and newcomers are welcome", outcome == "joined", outcome)
    before = [(q, q.ipv4) for q in [*told, p]]
    s.portal.kill()
    await s.portal.start(write=False)
    for q, _ in before:
        await q.connect()
    case("after kill -9 everybody has the addresses it was told", all(q.ipv4 == ipv4 for q, ipv4 in before), [(q.ipv4, a) for q, a in before])


async def main():
    os.mkdir(FOLDER)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", FOLDER], check=True)
    try:
        portal = Portal(small())
        portal.database = f"{FOLDER}/portal.db"
        await portal.start()
        s = Site(portal)
        g, c = await s.gateway("known"), await s.client("known")
        await s.token("actor", "bob")
        told = await full(s, g, c)
        await room_again(s, told)
        await s.stop()
        no_complaint("a full disk")
        case("it ends in order", await portal.stop() == 0)
    finally:
        subprocess.run(["umount", "-l", FOLDER], check=False)


run(main)
