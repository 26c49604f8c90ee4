# SPDX-License-Identifier: Apache-2.0
"""
The cases of test_portal_restart.sh: the portal ends in order or by kill -9 under load. Identities, addresses, seeds, authorizations and
tokens stay (portal §6.1 3); nobody gets what is another's; peers come back by their own back-off.
"""
import asyncio
import random

from harness import begin, eventually, id_of, no_complaint, run, small
from lab import case, note
from roles import ICE, Client, Gateway

LAB, SIX, GIT = (id_of("resource", n) for n in ("lab", "six", "git"))
GATEWAYS, CLIENTS = 40, 300


def identity(p):
    return p.init["interface"]["ipv4"], p.init["interface"]["ipv6"]


class Crowd:
    """Peers that reconnect by themselves, clients that always want flows; what each was told, for comparison."""

    def __init__(self, s):
        self.s, self.peers, self.gateways, self.clients = s, [], [], []
        self.first, self.secrets, self.stopping, self.fresh = {}, {}, False, 0

    async def come(self, cls, kind, owner, name, generation):
        p = await self.s.make(cls, kind, owner, name, generation)
        self.peers.append(p)
        (self.gateways if cls is Gateway else self.clients).append(p)
        await p.connect()
        p.persistent = True
        self.first[p] = identity(p)
        return p

    async def fill(self):
        await asyncio.gather(*(self.come(Gateway, "site", "main", f"gw{i}", random.choice(("v1", "v2"))) for i in range(GATEWAYS)))
        for i in range(0, CLIENTS, 50):
            await asyncio.gather(*(self.come(Client, "actor", "ann", f"cl{i + k}", random.choice(("v1", "v2"))) for k in range(50)))

    async def want(self, c):
        """Flows without end; of the same two keys always with the same secrets."""
        while not self.stopping:
            await asyncio.sleep(random.uniform(0.2, 1))
            if c.socket.ended is not None or c.init is None:
                continue
            resource = random.choice((LAB, SIX, GIT))
            c.lose(c.mapped.get(resource))  # its session ended, or a peer before 1.5.5 would not ask
            got = await c.flow(resource, seconds=1)
            if got and got[0] == "created":
                self.remember(c, got[1])

    def remember(self, c, made):
        key = c, c.key, made["gateway_ipv4"], made["gateway_public_key"]
        mine = made["gateway_id"], *(str(made[k]) for k in ICE)
        if self.secrets.setdefault(key, mine) != mine:
            c.complain(f"secrets or identity of {made['gateway_ipv4']} changed over a restart")

    async def newcomers(self):
        """Identities are given while it dies."""
        while not self.stopping:
            name = f"fresh{self.fresh}"
            self.fresh += 1
            p = await self.s.make(Client, "actor", "ann", name, "v1")
            self.peers.append(p)
            self.clients.append(p)
            p.persistent = True
            try:
                await p.connect()
            except Exception:
                p.retrying = p.retrying or asyncio.ensure_future(p.reconnect())
            await asyncio.sleep(0.02)

    def back(self, peers):
        return all(p.socket and p.socket.ended is None and p.init is not None for p in peers)

    def check(self, name):
        peers = [p for p in self.peers if p.init is not None]
        changed = [str(p) for p in peers if identity(p) != self.first[p]]
        case(f"{name}: identities and addresses stay", not changed, changed[:5])
        everyone = list(self.first.values())
        v4, v6 = {a for a, _ in everyone}, {a for _, a in everyone}
        case(f"{name}: nobody has another's address", len(v4) == len(v6) == len(everyone) >= len(peers), (len(v4), len(v6), len(everyone)))


def note_identity(crowd):
    """Every init that a newcomer ever gets, also one whose connection died a moment later, counts."""
    original = Client.on_init

    def on_init(self, payload):
        original(self, payload)
        if crowd.first.setdefault(self, identity(self)) != identity(self):
            self.complain(f"had {crowd.first[self]} and now {identity(self)}")
    Client.on_init = on_init


async def killed(crowd, n):
    portal = crowd.s.portal
    joined = [p for p in crowd.peers if p.init is not None]
    authorizations = {g: dict(g.access) for g in crowd.gateways}
    portal.kill()
    await portal.start(write=False)
    name = f"kill -9 number {n}"
    ok = await eventually(lambda: crowd.back(joined), 30)
    case(f"{name}: all {len(joined)} come back by themselves", ok, [f"{p}: {p.ends[-1:]} {p.exited}" for p in joined if not p.socket or p.socket.ended][:5])
    crowd.check(name)
    lost = [(g.name, len(set(old) - set(g.access))) for g, old in authorizations.items() if set(old) - set(g.access)]
    case(f"{name}: every gateway finds the access it had given", not lost, lost[:5])


async def under_load(s):
    crowd = Crowd(s)
    note_identity(crowd)
    await crowd.fill()
    crowd.check("before")
    tasks = [asyncio.ensure_future(crowd.want(c)) for c in crowd.clients[:CLIENTS]] + [asyncio.ensure_future(crowd.newcomers()) for _ in range(8)]
    for n in range(1, 4):
        await asyncio.sleep(random.uniform(0.5, 1.5))  # any moment will do: this is the load, not a wait
        note(f"{len(crowd.peers)} peers, {sum(len(c.mapped) for c in crowd.clients)} resources are in use")
        await killed(crowd, n)
    crowd.stopping = True
    await asyncio.gather(*tasks)
    case("after all everybody is there", await eventually(lambda: crowd.back(crowd.peers), 30))
    crowd.check("after all")
    rows = (await s.portal.json("clients"))["clients"] + (await s.portal.json("gateways"))["gateways"]
    names = {p.external_id for p in crowd.peers}
    case("an identity is one peer's", len({r["id"] for r in rows}) == len({r["ipv4"] for r in rows}) == len(rows)
         and len([r for r in rows if r["external_id"] in names]) == len(crowd.peers), (len(rows), len(crowd.peers)))
    listed = {row["external_id"]: (row["ipv4"], row["ipv6"]) for row in (await s.portal.json("clients"))["clients"]}
    case("sluicectl sees what the peers see", all(listed[c.external_id] == identity(c) for c in crowd.clients))
    await s.stop()
    no_complaint("kill -9 under load")


async def in_order(s):
    """SIGTERM: close frames, exit code 0; the same portal again."""
    g, c = await s.gateway("orderly", "v2"), await s.client("orderly", "v1")
    kind, made = await c.flow(LAB)
    others = [await s.gateway(f"idle {i}", "v1") for i in range(3)]
    code = await s.portal.stop()
    case("SIGTERM ends it with exit code 0", code == 0, code)
    ends = [await p.ended() for p in (g, c, *others)]
    case("peers get a close frame of a restart", set(ends) == {"close 1012"}, ends)
    await s.portal.start(write=False)
    status, _ = await s.portal.http("/readyz")
    case("it is ready at once, though not to judge the gateways that it knows", status == 200 and not (await s.portal.json("status"))["ready"], status)
    await g.connect()
    await c.connect()
    case("and has kept the authorization", len(g.access) == 1, g.access)
    kind, again = await c.flow(LAB, [made["gateway_id"]])
    case("and everything secrets derive from", kind == "created" and all(again[k] == made[k] for k in ("gateway_id", *ICE)), again)
    await s.stop()
    no_complaint("an orderly end")


async def damaged(s):
    """A database that is not whole, or another's, is refused by name; it is not replaced."""
    await s.portal.stop()
    whole = open(s.portal.database, "rb").read()
    for what, content in (("garbage", b"no database at all, but long enough " * 100), ("half of it", whole[:len(whole) // 2])):
        with open(s.portal.database, "wb") as f:
            f.write(content)
        s.portal.spawn()
        code = await s.portal.gone()
        case(f"{what} instead of the database is refused by name", code not in (0, None) and s.portal.database in s.portal.tail(), (code, s.portal.tail()))
        case(f"{what} is left as it is", open(s.portal.database, "rb").read() == content)
        if code is None:
            s.portal.kill()


async def main():
    s = await begin(small(rescue_not_before_ms=60000))
    await in_order(s)
    await under_load(s)
    await damaged(s)


run(main)
