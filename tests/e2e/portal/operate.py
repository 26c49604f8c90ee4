# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_operate.sh: every command of sluicectl portal, its JSON and exit codes, and what peers see of it."""
import asyncio
import json
import os
import socket
import stat
import time

from harness import begin, id_of, no_complaint, noticed_end, quiet, run, small
from lab import case, note
from program import secrets
from roles import Client
from wire import Refused

LAB, SIX, GIT = (id_of("resource", n) for n in ("lab", "six", "git"))
AT_ONCE = 0.05  # seconds


async def rows(s, what):
    return (await s.portal.json(what))[what]


async def usage(s):
    code, out, _ = await s.portal.ctl("--help")
    case("--help lists the commands", code == 0 and all(w in out for w in ("status", "cordon", "drain", "revoke", "token", "reload")), out)
    for line in (["frobnicate"], ["token"], ["cordon"], ["revoke"], ["token", "create"], ["token", "create", "--site", "main", "--relay"]):
        code, out, err = await s.portal.ctl(*line)
        case(f"{' '.join(line)}: wrong usage is exit code 2, and said so", code == 2 and err.startswith("sluicectl: ") and "--help" in err and not out, (code, out, err))
    mode = os.stat(s.portal.control).st_mode
    case("the socket is its owner's alone", stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, oct(mode))
    mode = os.stat(s.portal.database).st_mode
    case("so is the database", stat.S_IMODE(mode) == 0o600, oct(mode))


async def nobody_there(s):
    await s.portal.stop()
    for command in (["status"], ["gateways"], ["cordon", "x"], ["revoke", "--all"], ["token", "list"], ["reload"]):
        code, out, err = await s.portal.ctl(*command)
        case(f"without a portal, {' '.join(command)} is exit code 4", code == 4 and s.portal.control in err and not out, (code, out, err))
    await s.portal.start(write=False)


async def looks(s, g, c):
    status = await s.portal.json("status")
    case("status counts", all(status[k] == v for k, v in dict(gateways=2, gateways_online=2, clients=2, clients_online=2, authorizations=3).items())
         and status["connections"] == 4 and status["counters"]["flow_requests"] >= 3, status)
    code, out, _ = await s.portal.ctl("status")
    case("and in text", code == 0 and "gateways" in out and "\033" not in out, out)
    row = next(r for r in await rows(s, "gateways") if r["external_id"] == g.external_id)
    case("gateways", row["name"] == g.name and row["site"] == "main" and row["state"] == "online" and row["dialect"] == g.generation
         and row["ipv4"] == g.ipv4 and row["public_key"] == g.key and row["clients"] == 2 and not row["cordoned"] and not row["ours"]
         and row["from"].startswith("127.0.0.1:") and row["version"] == "1.4.17" and abs(row["connected_at"] - time.time()) < 60, row)
    row = next(r for r in await rows(s, "clients") if r["external_id"] == c.external_id)
    case("clients", row["actor"] == "ann" and row["online"] and row["ipv4"] == c.ipv4 and row["authorizations"] == 2 and row["version"] == "1.5.11", row)
    listed = await rows(s, "authorizations")
    case("authorizations", sorted((r["client"], r["resource"], r["gateway"]) for r in listed) == sorted(
        [(c.name, "lab", g.name), (c.name, "git", g.name), ("bob", "lab", g.name)]), listed)
    listed = await rows(s, "relays")
    case("relays", [(r["kind"], r["ipv4"], r["ipv6"], r["online"]) for r in listed] == [("static", "198.51.100.10:3478", "[2001:db8::10]:3478", True)], listed)
    for what in ("gateways", "clients", "authorizations", "relays"):
        code, out, _ = await s.portal.ctl(what)
        case(f"{what} in text: a row each", code == 0 and len(out.strip().split("\n")) == 1 + len(await rows(s, what)), out)


async def whom(s, g):
    code, out, err = await s.portal.ctl("cordon", "nobody")
    case("a gateway that is not there is exit code 1, and named", code == 1 and "nobody" in err, (code, err))
    code, out, err = await s.portal.ctl("cordon", "gw")
    case("a beginning that two share is refused by naming them", code == 1 and "gw one" in err and "gw two" in err, (code, err))
    row = next(r for r in await rows(s, "gateways") if r["external_id"] == g.external_id)
    got = await s.portal.json("cordon", row["id"][:13])
    case("a beginning of the id will do", got["id"] == row["id"] and got["state"] == "cordoned", got)
    got = await s.portal.json("uncordon", "gw o")
    case("and one of the name", got["id"] == row["id"] and got["state"] == "online", got)


async def cordon(s, g, g2, c, bob):
    """§6.3 g: no new flows; it stays joined and goes on receiving revocations."""
    g.mark()
    g2.mark()
    await s.portal.ctl("cordon", "gw one")
    await quiet(g, g2, c)
    case("a cordon pushes nothing", g.news == g2.news == c.seen("resource_deleted") == [])
    kind, p = await c.flow(SIX, [])
    case("a new flow avoids it", kind == "created" and p["gateway_ipv4"] == g2.ipv4, p)
    await g.connect()
    case("it stays cordoned when it comes back", next(r for r in await rows(s, "gateways") if r["ipv4"] == g.ipv4)["state"] == "cordoned")
    g.mark()
    case("a revocation reaches it", (await s.portal.json("revoke", "--client", "bob"))["revoked"] == 1
         and await g.expect("reject_access", resource_id=LAB), g.news)
    await s.portal.ctl("uncordon", "gw one")
    bob.lose(bob.mapped.get(LAB))
    await noticed_end(s, g2)
    kind, p = await bob.flow(LAB)
    case("after uncordon it is offered again", kind == "created" and p["gateway_ipv4"] == g.ipv4, p)
    await g2.connect()


async def revoke(s, g, c, bob):
    g.mark()
    c.mark()
    got = await s.portal.json("revoke", "--client", c.name, "--resource", "lab")
    pushed = await g.expect("reject_access", resource_id=LAB)
    case("revoke of a client's resource", got["revoked"] == 1 and pushed and len(g.news) == 1, (got, g.news))
    await quiet(c)
    case("the client keeps the resource, since it may ask again", c.events() == [], c.news)
    took = []
    for _ in range(21):
        c.lose(c.mapped.get(LAB))
        kind, _ = await c.flow(LAB)
        g.mark()
        at = time.monotonic()
        await asyncio.gather(s.portal.operate(do="revoke", client=c.name, resource="lab"), g.expect("reject_access"))
        took.append(g.seen("reject_access")[0].at - at)
    note(f"revocation, from the operators' socket to the gateway: median {sorted(took)[10] * 1000:.1f} ms, worst {max(took) * 1000:.1f} ms")
    case(f"a revocation takes {AT_ONCE * 1000:.0f} ms at most", kind == "created" and sorted(took)[10] <= AT_ONCE, took)
    c.lose(c.mapped.get(LAB))
    await c.flow(LAB)
    got = await s.portal.json("revoke", "--resource", "lab")
    case("revoke of a resource takes it from all", got["revoked"] == 2 and await g.until(lambda: len(g.seen("reject_access", resource_id=LAB)) >= 3, 5), (got, g.news))
    got = await s.portal.json("revoke", "--all")
    left = await rows(s, "authorizations")
    case("revoke --all", got["revoked"] >= 1 and left == [], (got, left))
    case("then there is nothing to revoke", (await s.portal.json("revoke", "--all"))["revoked"] == 0)
    await g.connect()
    case("and a gateway that comes finds nothing", g.access == {}, g.access)


async def by_policy(s, g, c):
    """The slow way round, timed at the peers: from the writing of the file's reload to the push."""
    c.lose(c.mapped.get(GIT))
    await c.flow(GIT)
    for p in (g, c):
        p.mark()
    s.portal.world.find("policies", "ann")["resources"].remove("git")
    s.portal.write()
    took = asyncio.ensure_future(s.portal.ctl("reload"))
    deleted, rejected = await asyncio.gather(c.expect("resource_deleted"), g.expect("reject_access"))
    await took
    case("a policy that goes: both sides are told together", deleted and rejected and abs(deleted.at - rejected.at) < AT_ONCE, (deleted, rejected))


async def tokens(s):
    code, out, _ = await s.portal.ctl("token", "list", "--json")
    listed = {t["number"]: t for t in json.loads(out)["tokens"]}
    case("token list: kinds and owners, no texts", code == 0 and {(t["kind"], t["owner"]) for t in listed.values()} >=
         {("gateway", "main"), ("client", "ann"), ("client", "bob")} and not any(t in out for t in secrets), out)
    for owner in (["--site", "nowhere"], ["--actor", "nobody"]):
        code, _, err = await s.portal.ctl("token", "create", *owner)
        case(f"a token of {owner[1]} is refused", code == 1 and owner[1] in err, err)
    text = await s.portal.token("actor", "ann", "--expires", "3s", "--description", "for the test")
    c = await s.make(Client, "actor", "ann", "short", "v1")
    c.token = text
    await c.connect()
    case("a client's relay credentials end with its token", all(r["expires_at"] >= time.time() for r in c.init["relays"]))
    how = await c.ended(6)
    case("a token that ends closes what it let in", how is not None, how)
    try:
        await c.connect()
        case("and opens nothing more", False)
    except Refused as e:
        case("and opens nothing more", e.status == 401, e)
    return c


async def token_revoked(s, g, c, bob):
    text = s.tokens["actor", "ann"]
    survivors = [g, bob]
    for p in survivors:
        p.mark()
    c.persistent = True
    at = time.monotonic()
    got = await s.portal.json("token", "revoke", str(s.portal.numbers[text]))
    how = await c.ended()
    case("a token revoked: its connections are closed", got["closed"] == 1 and how is not None, (got, how))
    note(f"token revoke: {(c.ends[-1][0] - at) * 1000:.0f} ms from the start of sluicectl to the closed socket")
    await c.until(lambda: c.exited, 5)
    case("their next attempt gets 401", c.exited == "401" and "disconnect" not in c.events(), c.exited)
    await quiet(*survivors)
    case("others stay", all(p.socket.ended is None for p in survivors))
    code, _, err = await s.portal.ctl("token", "revoke", str(s.portal.numbers[text]))
    case("a token is revoked once", code == 1 and str(s.portal.numbers[text]) in err, (code, err))
    await s.portal.stop()
    await s.portal.start(write=False)
    try:
        await c.connect()
        case("and stays revoked over a restart", False)
    except Refused as e:
        case("and stays revoked over a restart", e.status == 401, e)


async def operators_do_no_harm(s):
    """Garbage on the operators' socket, readers that do not read, many at once."""
    raws = []
    for data in (b"", b"{", b"[" * 60000, b'{"do":"gateways","do":"x"}', b'{"do":7}', os.urandom(2000), b'{"do":"status"}' + b" " * 60000):
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        raw.connect(s.portal.control)
        raw.send(data)
        raws.append(raw)
    code, _, _ = await s.portal.ctl("status")
    case("garbage on the operators' socket harms no other operator", code == 0)
    for raw in raws:
        raw.close()


async def main():
    s = await begin(small())
    await usage(s)
    await nobody_there(s)
    g, c = await s.gateway("gw one", "v1"), await s.client("client", "v2")
    bob = await s.client("bob", "v1", actor="bob")
    for p, r in ((c, LAB), (c, GIT), (bob, LAB)):
        await p.flow(r)
    g2 = await s.gateway("gw two", "v2")
    await looks(s, g, c)
    await whom(s, g)
    await cordon(s, g, g2, c, bob)
    await noticed_end(s, g2)
    await revoke(s, g, c, bob)
    await by_policy(s, g, c)
    await tokens(s)
    await operators_do_no_harm(s)
    no_complaint("operators")
    await token_revoked(s, g, c, bob)


run(main)
