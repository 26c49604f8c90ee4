# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_reload.sh: a changed file becomes exactly the pushes that stock peers need (portal §3.6, §4.2, §4.3, §6.3 f)."""
import copy
import os
import signal
import time

from harness import begin, eventually, id_of, no_complaint, quiet, run, small
from lab import case
from strict import NEVER
from world import filters, moment, told

LAB, SIX, GIT, NEW = (id_of("resource", n) for n in ("lab", "six", "git", "new"))


class Everybody:
    """Two gateways of main, one of another site, Ann twice, Bob; Ann's first client uses lab and git, her second lab, Bob lab."""

    def __init__(self, s):
        self.s, self.w = s, s.portal.world

    async def come(self):
        s = self.s
        self.g1 = await s.gateway("g1", "v1")
        self.a1, self.a2 = await s.client("a1", "v1"), await s.client("a2", "v2")
        self.bob = await s.client("bob", "v1", actor="bob")
        for c, resources in ((self.a1, (LAB, GIT)), (self.a2, (LAB,)), (self.bob, (LAB,))):
            for r in resources:
                await c.flow(r)
        self.ids = {c: self.g1.asked[i]["client"]["id"] for c, i in ((self.a1, 0), (self.a2, 2), (self.bob, 3))}
        self.g2 = await s.gateway("g2", "v2")
        self.other = await s.gateway("other", "v1", site="empty")
        self.all = [self.g1, self.g2, self.other, self.a1, self.a2, self.bob]
        self.joins = {p: p.joins for p in self.all}
        return self

    async def change(self, name, expected, code=0, harmless=()):
        """
        Applies the file and compares what everybody got: peer to list of events; nobody else gets anything. harmless: gateways that
        may hear of a resource which nobody uses through them (§3.6).
        """
        for p in self.all:
            p.mark()
        got, out, err = await self.s.portal.reload()
        case(f"{name}: the reload says so", got == code, (got, out, err))
        await quiet(*(p for p in self.all if p.socket.ended is None))
        seen = {str(p): p.events() for p in self.all if p.news and not (p in harmless and set(p.events()) == {"resource_updated"})}
        case(f"{name}: exactly these pushes", seen == {str(p): e for p, e in expected.items() if e}, seen)
        no_complaint(name)
        return out, err


async def nothing(e):
    await e.change("the same file again", {})
    e.w.resources.reverse()
    e.w.policies.reverse()
    await e.change("another order", {})
    e.w.resources.reverse()
    e.w.policies.reverse()
    before = await reloads(e)
    e.s.portal.process.send_signal(signal.SIGHUP)
    case("SIGHUP reloads too", await eventually(lambda: more_reloads(e, before), 5))


async def reloads(e):
    return (await e.s.portal.metrics())["sluice_portal_reloads_total"]


async def more_reloads(e, before):
    return await reloads(e) > before


async def resources(e):
    upsert, delete = "resource_created_or_updated", "resource_deleted"
    e.w.resource("new", "10.50.0.0/16", "main")
    await e.change("a resource that nobody may use", {})
    e.w.find("policies", "ann")["resources"].append("new")
    await e.change("a policy gets a resource", {e.a1: [upsert], e.a2: [upsert]})
    case("it is the new one", e.a1.news[0].payload["id"] == NEW and e.a1.news[0].payload["address"] == "10.50.0.0/16", e.a1.news)
    e.w.find("resources", "lab")["name"] = "lab renamed"
    for p in e.w.policies:
        p["resources"] = ["lab renamed" if r == "lab" else r for r in p["resources"]]
    await e.change("a resource is renamed", {c: [upsert] for c in (e.a1, e.a2, e.bob)} | {e.g1: ["resource_updated"]}, harmless=[e.g2])
    e.w.find("resources", "lab renamed")["filters"] = filters("udp/53", "tcp/8000-8080")
    await e.change("its filters change", {c: [upsert] for c in (e.a1, e.a2, e.bob)} | {e.g1: ["resource_updated"]}, harmless=[e.g2])
    case("the gateway has the new ones", e.g1.news[0].payload["filters"] == told("udp/53", "tcp/8000-8080"), e.g1.news)
    e.w.find("resources", "git")["description"] = "somewhere else"
    await e.change("a description, which gateways do not know", {c: [upsert] for c in (e.a1, e.a2)})
    e.w.find("resources", "lab renamed")["address"] = "10.21.0.0/16"
    rejects = ["reject_access"] * 3
    await e.change("its address changes", {c: [upsert] for c in (e.a1, e.a2, e.bob)} | {e.g1: rejects})
    case("for every pair that had it", {(n.payload["client_id"], n.payload["resource_id"]) for n in e.g1.news} == {(i, LAB) for i in e.ids.values()}, e.g1.news)
    case("and no other access", list(e.g1.access) == [(e.ids[e.a1], GIT)], e.g1.access)
    kind, p = await e.a1.flow(LAB)
    case("who asks again gets it again", kind == "created", p)


async def sites_and_policies(e):
    upsert, delete = "resource_created_or_updated", "resource_deleted"
    user = next(g for g in (e.g1, e.g2) if (e.ids[e.a1], LAB) in g.access)
    e.w.find("resources", "lab renamed")["sites"] = ["empty"]
    await e.change("a resource moves to another site", {c: [delete, upsert] for c in (e.a1, e.a2, e.bob)} | {user: ["reject_access"]})
    kind, p = await e.a1.flow(LAB)
    case("and is reached through the other one", kind == "created" and p["gateway_ipv4"] == e.other.ipv4, p)
    e.w.find("sites", "empty")["name"] = "full"
    for r in e.w.resources:
        r["sites"] = ["full" if x == "empty" else x for x in r["sites"]]
    await e.change("a site is renamed", {e.a1: [delete, delete, upsert, upsert], e.a2: [delete, delete, upsert, upsert], e.bob: [delete, upsert]})
    e.w.without("policies", "bob")
    await e.change("a policy goes, whose use had ended", {e.bob: [delete]})
    e.w.find("policies", "ann")["resources"].remove("lab renamed")
    await e.change("and a resource that is in use", {e.a1: [delete], e.a2: [delete], e.other: ["reject_access"]})
    kind, p = await e.a1.flow(LAB)
    case("which is then not found", kind == "failed" and p["reason"] == "not_found", p)


async def ends(e):
    """A policy gets an end: for v1 gateways the expiry, for v2 ones a rejection (§6.3 f)."""
    e.w.site("old gateways")
    e.w.resource("timed", "10.60.0.0/16", "old gateways")
    e.w.policy("timed", ["ann"], ["timed"])
    upsert = "resource_created_or_updated"
    await e.change("a resource of a new site", {e.a1: [upsert], e.a2: [upsert]})
    timed, token = id_of("resource", "timed"), await e.s.token("site", "old gateways")
    for generation, expected in (("v1", "access_authorization_expiry_updated"), ("v2", "reject_access")):
        g = await e.s.gateway(f"timed {generation}", generation, site="old gateways")
        kind, _ = await e.a1.flow(timed)
        case(f"{generation}: it is in use", kind == "created")
        e.all.append(g)
        soon = int(time.time()) + 3600
        e.w.find("policies", "timed")["expires_at"] = moment(soon)
        await e.change(f"{generation}: its policy gets an end", {g: [expected]})
        case(f"{generation}: at that moment", expected == "reject_access" or g.news[0].payload["expires_at"] == soon, g.news)
        e.all.remove(g)
        await g.stop()
        e.a1.forget(timed)
        del e.w.find("policies", "timed")["expires_at"]
        await e.s.portal.reload()
        await quiet(*e.all)
    case("one token serves a site", token == await e.s.token("site", "old gateways"))


async def ends_by_itself(e):
    """The end comes without anybody doing anything."""
    at = int(time.time()) + 2
    e.w.find("policies", "timed")["expires_at"] = moment(at)
    await e.change("a policy that ends in two seconds", {})
    gone = await e.a1.expect("resource_deleted", 5)
    case("then the resource goes", gone and gone.payload == id_of("resource", "timed") and abs(time.time() - at) < 1.5, e.a1.news)
    await e.a2.expect("resource_deleted", 5)


async def rest(e):
    e.w.dns, e.w.search_domain = ["192.0.2.53:5353"], "corp.example"
    await e.change("DNS", {c: ["config_changed"] for c in (e.a1, e.a2, e.bob)})
    i = e.a1.news[0].payload["interface"]
    case("clients have the new servers", [d["address"] for d in i["upstream_dns"]] == ["192.0.2.53:5353"] and i["search_domain"] == "corp.example"
         and i["ipv4"] == e.a1.ipv4, i)
    old = id_of("relay", "static")
    e.w.relays = []
    e.w.relay("fresh", "198.51.100.99:3478", username="u", password="fresh-relay-password")
    await e.change("a relay is replaced", {p: ["relays_presence"] for p in e.all})
    case("by what peers need to know of it", all(p.news[0].payload["disconnected_ids"] == [old] and
         [r["addr"] for r in p.news[0].payload["connected"]] == ["198.51.100.99:3478"] for p in e.all), e.a1.news)
    e.w.relays[0]["password"] = "another-relay-password"
    await e.change("its password changes", {p: ["relays_presence"] for p in e.all})
    case("to the new one", all(p.news[0].payload["connected"][0]["password"] == "another-relay-password" for p in e.all))


async def refused(e):
    """Nothing of a bad file is applied, and the mistake is named."""
    good = copy.deepcopy(e.w.__dict__)
    for what, change, named in (
            ("an address with host bits", lambda w: w.find("resources", "six").update(address="fd20::1/64"), "address"),
            ("a site that is not there", lambda w: w.find("resources", "six").update(sites=["nowhere"]), "sites"),
            ("a resource in the tunnel's range", lambda w: w.find("resources", "six").update(address="100.64.0.0/16", type="cidr"), "address"),
            ("a name twice", lambda w: w.resources.append(dict(w.find("resources", "six"), id=NEW[:-1] + "0")), "name"),
            ("an unknown key", lambda w: w.more.update(frobnicate=1), "frobnicate"),
            ("a relay with two kinds of credentials", lambda w: w.relays[0].update(rest_secret="x" * 20), "relays"),
            ("a server in the tunnel's range", lambda w: w.dns.append("100.100.111.1:53"), "dns")):
        change(e.w)
        e.w.dns.append("203.0.113.53:53")  # would be seen if it were applied
        out, err = await e.change(f"{what}", {}, code=1)
        case(f"{what}: is named with its place", named in err and os.path.basename(e.s.portal.file) in err, err)
        e.w.__dict__.update(copy.deepcopy(good))
    with open(e.s.portal.file, "w") as f:
        f.write('{"sites": [')
    answer = await e.s.portal.operate(do="reload")
    case("half a file is refused with line and column", "line 1 column" in answer.get("error", {}).get("text", ""), answer)
    await e.change("the good one again", {})


async def actor_goes(e):
    """Its clients are closed and 401 is what they get; so are the gateways of a site."""
    e.bob.mark()
    e.w.without("actors", "bob")
    e.all.remove(e.bob)
    await e.change("an actor goes", {})
    case("his client is closed", await e.bob.ended() is not None, e.bob.ends)
    case("without being told to exit", "disconnect" not in e.bob.events())
    e.bob.persistent = True
    e.bob.on_end("again")
    await e.bob.until(lambda: e.bob.exited, 5)
    case("and gets 401", e.bob.exited == "401", e.bob.exited)


async def main():
    s = await begin(small())
    e = await Everybody(s).come()
    for part in (nothing, resources, sites_and_policies, ends, ends_by_itself, rest, refused, actor_goes):
        await part(e)
    case("nobody had to reconnect", all(p.joins == n and p.socket.ended is None for p, n in e.joins.items() if p is not e.bob),
         {str(p): p.ends for p in e.all if p.ends})
    c = await s.client("later")
    case("who comes later gets the same", set(c.resources) == set(e.a1.resources) and NEVER)


run(main)
