# SPDX-License-Identifier: Apache-2.0
"""How a script of this folder runs: one event loop, what every test has at its end, what a failed one shows."""
import asyncio
import contextlib
import resource
import sys
import time
import traceback

import peer
import program
from lab import case, finish, note, results
from program import Portal, secrets
from roles import Client, Gateway, Relay
from world import id_of, small  # noqa: F401  (for scripts)

PAIRS = [("v1", "v1"), ("v2", "v2"), ("v1", "v2"), ("v2", "v1")]  # of client and gateway


sites = []


class Site:
    """A portal with tokens, and peers that were made for it."""

    def __init__(self, portal):
        self.portal, self.tokens, self.peers = portal, {}, []
        sites.append(self)

    async def token(self, kind, owner=None):
        if (kind, owner) not in self.tokens:
            self.tokens[kind, owner] = await self.portal.token(kind, owner)
        return self.tokens[kind, owner]

    async def make(self, cls, kind, owner, external_id, generation, **more):
        p = cls(self.portal, await self.token(kind, owner), external_id, generation, **more)
        self.peers.append(p)
        secrets.add(p.key)
        return p

    async def gateway(self, name="gw", generation="v1", site="main", **more):
        return await (await self.make(Gateway, "site", site, name, generation, **more)).connect()

    async def client(self, name="cl", generation="v1", actor="ann", **more):
        return await (await self.make(Client, "actor", actor, name, generation, **more)).connect()

    async def relay(self, secret, ipv4=None, ipv6=None, **more):
        r = Relay(self.portal, await self.token("relay"), secret, ipv4, ipv6, **more)
        self.peers.append(r)
        secrets.add(secret)
        return await r.connect()

    async def stop(self):
        """All peers go, as processes that end; the portal has noticed, or what comes next could be sent to them."""
        for p in self.peers:
            await p.stop()
        self.peers = []
        if self.portal.process.poll() is None:
            await eventually(self.is_empty, 10)

    async def is_empty(self):
        return (await self.portal.metrics()).get("sluice_portal_websockets") == 0


async def noticed_end(s, p):
    """The peer goes, and the portal has noticed: a request must not overtake its FIN (portal §6.3 c 9)."""
    rows = {"gateway": "gateways", "client": "clients"}[p.role]
    ipv4 = p.ipv4
    await p.stop()

    async def noticed():
        row = next(r for r in (await s.portal.json(rows))[rows] if r["ipv4"] == ipv4)
        return row["connected_at"] is None
    assert await eventually(noticed, 10), f"the portal did not notice the end of {p}"


async def begin(world, name="portal", port=8081, **more):
    portal = Portal(world, name, port)
    await portal.start(**more)
    return Site(portal)


async def eventually(condition, seconds=5):
    """condition may be a coroutine function."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if asyncio.iscoroutine(got):
            got = await got
        if got or time.monotonic() >= end:
            return got
        await asyncio.sleep(0.02)


async def quiet(*peers):
    """All that was on its way to these peers has arrived."""
    for p in peers:
        await p.sync()


def no_complaint(what):
    """The peers were content until here."""
    found, peer.complaints[:] = list(peer.complaints), []
    case(f"{what}: no peer would have dropped or minded anything", not found, "\n# ".join(found[:10]))


@contextlib.contextmanager
def timed(ret):
    at = time.monotonic()
    yield
    ret.append(time.monotonic() - at)


async def guarded(main):
    try:
        await main()
    except Exception as e:
        case(f"no exception: {type(e).__name__} {e}", False)
        traceback.print_exc()
    for site in sites:
        await site.stop()
    no_complaint("all along")
    if not all(results):
        await program.dump()
    await program.end_all()


def run(main):
    """Does not return."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    began = time.monotonic()
    asyncio.run(guarded(main))
    note(f"took {time.monotonic() - began:.1f} s")
    sys.stdout.flush()
    finish()
