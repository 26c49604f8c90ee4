# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_flows.sh: portal §6.3 a to e and h, §6.4, in v1, v2 and mixed pairs."""
import asyncio
import time

from harness import PAIRS, begin, eventually, id_of, no_complaint, noticed_end, quiet, run, small, timed
from lab import case, note
from roles import CANDIDATES, ICE, Client
from strict import NEVER
from world import told

LAB, SIX, GIT, LONELY, FAR = (id_of("resource", n) for n in ("lab", "six", "git", "lonely", "far"))
MAIN = id_of("site", "main")


async def registers(s, name, cg, gg):
    g = await s.gateway(f"gw {name} ü+&", gg, announces=1)
    case(f"{name}: a gateway registers (a)", g.events() == ["init"] and g.init["authorizations"] == []
         and len(g.init["relays"]) == 2 and await g.sync() == "ok", g.inbox)
    c = await s.client(f"cl {name} ü+&", cg)
    listed = {r["id"]: r for r in c.init["resources"]}
    case(f"{name}: a client registers and is told of what it may use, in the file's order (b)",
         c.events() == ["init"] and [r["id"] for r in c.init["resources"]] == [LAB, SIX, GIT, LONELY] and await c.sync() == "ok", c.inbox)
    case(f"{name}: the resources are as the file has them",
         listed[LAB]["address"] == "10.20.0.0/16" and listed[LAB]["gateway_groups"] == [{"id": MAIN, "name": "main"}]
         and listed[LAB]["filters"] == told("tcp/443", "icmp")
         and listed[GIT]["address"] == "*.acme.example" and listed[GIT]["address_description"] == "https://git.acme.example", listed)
    i = c.init["interface"]
    case(f"{name}: and of its names", i["search_domain"] == "acme.example" and
         [d["address"] for d in i["upstream_dns"]] == ["9.9.9.9:53", "[2620:fe::fe]:53"], i)
    return g, c


async def flow(s, name, g, c):
    g.mark()
    took = []
    with timed(took):
        kind, made = await c.flow(LAB) or (None, None)
    case(f"{name}: a request becomes a flow (c)", kind == "created" and made["gateway_group_id"] == MAIN
         and made["gateway_public_key"] == g.key and made["gateway_ipv4"] == g.ipv4
         and made["gateway_ipv6"] == g.init["interface"]["ipv6"], made)
    asked = g.asked[-1]
    case(f"{name}: the gateway was asked once, for this client, with the same secrets",
         len(g.asked) == 1 and asked["client"]["public_key"] == c.key and asked["client"]["ipv4"] == c.ipv4
         and asked["client"]["ipv6"] == c.init["interface"]["ipv6"] and asked["client"]["preshared_key"] == made["preshared_key"]
         and all(asked[k] == made[k] for k in ICE[:2]) and asked["resource"]["id"] == LAB
         and asked["resource"]["filters"] == c.resources[LAB]["filters"] and time.time() < asked["expires_at"] <= NEVER, asked)
    case(f"{name}: the answer's answer is ok", await eventually(lambda: g.sent and not g.pending) and await g.sync() == "ok", g.pending)
    case(f"{name}: the gateway's candidates follow the flow, unchanged (§6.4 3)",
         (await c.expect("ice_candidates", gateway_id=made["gateway_id"])).payload["candidates"] == CANDIDATES, c.news)
    note(f"{name}: request to answer in {took[0] * 1000:.1f} ms")
    kind, again = await c.flow(SIX)
    case(f"{name}: another resource of the site has the same gateway and secrets", kind == "created"
         and all(again[k] == made[k] for k in ("gateway_id", *ICE)) and len({a["ref"] for a in g.asked}) == 2, again)
    kind, named = await c.flow(GIT)
    await quiet(g, c)
    case(f"{name}: a DNS resource too", kind == "created" and g.asked[-1]["resource"]["address"] == "*.acme.example", named)
    return made


async def candidates(s, name, g, c, made):
    odd = [f"candidate:{i} 1 udp {i} 192.0.2.1 {i} typ host ü\"\\ {i}" for i in range(1, 40)] + ["", "no candidate"]
    g.mark()
    c.mark()
    c.tell_candidates(made["gateway_id"])
    c.tell_candidates(made["gateway_id"], odd)
    c.tell_candidates(made["gateway_id"], odd[:1], gone=True)
    await g.expect("invalidate_ice_candidates")
    client = g.asked[-1]["client"]["id"]
    case(f"{name}: a client's candidates arrive verbatim and in order (d)",
         [(n.event, n.payload) for n in g.news] == [("ice_candidates", {"client_id": client, "candidates": CANDIDATES}),
                                                    ("ice_candidates", {"client_id": client, "candidates": odd}),
                                                    ("invalidate_ice_candidates", {"client_id": client, "candidates": odd[:1]})], g.news)
    nobody = id_of("x", "nobody")
    g.say("broadcast_ice_candidates", {"client_ids": [nobody, client], "candidates": odd})
    g.say("broadcast_invalidated_ice_candidates", {"client_ids": [client], "candidates": []})
    await c.expect("invalidate_ice_candidates")
    case(f"{name}: and a gateway's, though one of the recipients is nobody",
         [(n.event, n.payload) for n in c.news] == [("ice_candidates", {"gateway_id": made["gateway_id"], "candidates": odd}),
                                                    ("invalidate_ice_candidates", {"gateway_id": made["gateway_id"], "candidates": []})], c.news)


async def refusals(s, name, g, c):
    kind, p = await c.flow(id_of("resource", "none"))
    case(f"{name}: an unknown resource is not found", kind == "failed" and p["reason"] == "not_found", p)
    kind, p = await c.flow(LONELY)
    case(f"{name}: a site without gateway is offline", kind == "failed" and p["reason"] == "offline", p)
    kind, p = await c.flow(FAR)
    case(f"{name}: from elsewhere it is forbidden, and says why", kind == "failed" and p["reason"] == "forbidden"
         and p.get("violated_properties") == ["remote_ip"], p)
    bob = await s.client(f"bob {name}", c.generation, actor="bob")
    case(f"{name}: another actor sees only what is his", list(bob.resources) == [LAB], list(bob.resources))
    kind, p = await bob.flow(SIX)
    case(f"{name}: and gets nothing else", kind == "failed" and p["reason"] == "not_found", p)
    await bob.stop()


async def silence(s, name, g, c):
    """§6.3 c 9: answer_within of this file is 1 s."""
    g.answers = g.announces = 0
    g.mark()
    took = []
    with timed(took):
        kind, p = await c.flow(LAB)
    case(f"{name}: a gateway that does not answer is offline after the time for it", kind == "failed" and p["reason"] == "offline"
         and 0.9 < took[0] < 2, (p, took))
    case(f"{name}: its late answer is an invalid ref", await asyncio.wait_for(g.answer(g.asked[-1]), 5) == "invalid_ref")
    case(f"{name}: so is one to nothing", await g.ask(g.say_as["authorized"], {"ref": "x"}) == "invalid_ref")
    c.mark()
    c.request(LAB)
    await g.expect(g.say_as["authorize"], resource=g.asked[-1]["resource"])
    asked = len(g.asked)
    took.clear()
    with timed(took):
        g.socket.reset()
        failed = await c.expect(c.say_as["failed"], resource_id=LAB)
    case(f"{name}: a gateway that goes meanwhile is offline at once", failed and failed.payload["reason"] == "offline"
         and took[0] < 0.5, (failed, took, asked))
    g.answers = True


async def returns(s, name, g, c, made):
    """Identity, addresses and authorizations stay; credentials follow the keys."""
    ipv4, access = g.ipv4, dict(g.access)
    await g.connect()
    case(f"{name}: a gateway that comes back finds addresses and authorizations", g.ipv4 == ipv4 and g.access.keys() == access.keys()
         and len(access) == 3, (g.access, access))
    kind, again = await c.flow(LAB)
    case(f"{name}: the same keys give the same secrets", kind == "created" and all(again[k] == made[k] for k in ("gateway_id", *ICE)), again)
    await g.stop()
    g.new_process()
    await g.connect()
    c.lose(made["gateway_id"])
    kind, fresh = await c.flow(LAB)
    case(f"{name}: a new key of the gateway gives new ones", kind == "created" and fresh["gateway_id"] == made["gateway_id"]
         and fresh["gateway_public_key"] == g.key and g.ipv4 == ipv4 and all(fresh[k] != made[k] for k in ICE), fresh)
    ipv4 = c.ipv4
    await c.stop()
    c.new_process()
    await c.connect()
    kind, newest = await c.flow(LAB)
    case(f"{name}: and a new one of the client", kind == "created" and c.ipv4 == ipv4 and all(newest[k] != fresh[k] for k in ICE)
         and g.asked[-1]["client"]["public_key"] == c.key, newest)


async def displaced(s, name, g, c):
    """§6.3 a: the first connection is closed, nobody is told to exit."""
    first = c.socket
    await c.connect()
    case(f"{name}: a second connection of the same client closes the first", await eventually(lambda: first.ended))
    kind, _ = await c.flow(LAB)
    case(f"{name}: and is the one that gets answers", kind == "created")
    old = c.socket
    g.answers = g.announces = 0
    g.mark()
    c.request(LAB)
    await g.expect(g.say_as["authorize"])
    await c.connect()
    await eventually(lambda: old.ended)
    c.mark()
    await asyncio.wait_for(g.answer(g.asked[-1]), 5)
    await quiet(c)
    case(f"{name}: an answer goes to no other connection than the one that asked", c.events() == [], c.news)
    g.answers = True


async def leaving(s, name, g, c):
    case(f"{name}: a leave is answered, and closes the channel (h)", await g.leave() == "ok" and g.events()[-1] == "phx_close", g.news)
    case(f"{name}: between leave and close it is no member", await g.ask(g.say_as["authorized"], {"ref": "x"}) == "unmatched topic")
    kind, p = await c.flow(LAB)
    case(f"{name}: and is offered no more", kind == "failed" and p["reason"] == "offline", p)
    g.leaving = False
    g.socket.close(1000)
    case(f"{name}: a close is answered", (await g.ended() or "").startswith("close 1000"), g.ends)
    await c.stop()


async def pair(s, cg, gg):
    name = f"{cg} client, {gg} gateway"
    g, c = await registers(s, name, cg, gg)
    made = await flow(s, name, g, c)
    await candidates(s, name, g, c, made)
    await refusals(s, name, g, c)
    await silence(s, name, g, c)
    await g.connect()
    await returns(s, name, g, c, made)
    await displaced(s, name, g, c)
    await leaving(s, name, g, c)
    await s.stop()
    no_complaint(name)


async def choice(s, generation):
    """§6.3 c 3: sticky, then preferred, then any."""
    name = f"choice, {generation}"
    gateways = [await s.gateway(f"{name} {i}", generation) for i in range(4)]
    by_address = {g.ipv4: g for g in gateways}
    c = await s.client(name, generation)
    _, first = await c.flow(LAB)
    used = by_address[first["gateway_ipv4"]]
    ids = {used: first["gateway_id"]}
    for n in range(20):  # until every gateway was met
        other = await s.client(f"{name} other {n}", generation)
        _, p = await other.flow(LAB)
        ids[by_address[p["gateway_ipv4"]]] = p["gateway_id"]
        await other.stop()
    case(f"{name}: clients are spread over the gateways", len(ids) == 4, len(ids))
    others = [ids[g] for g in gateways if g is not used]
    answers = [(await c.flow(LAB, others))[1]["gateway_id"] for _ in range(10)]
    case(f"{name}: a repeated request gets the gateway it has, whatever it prefers", set(answers) == {first["gateway_id"]}, answers)
    got = (await c.flow(SIX, [others[1], id_of("x", "nobody")]))[1]["gateway_id"]
    case(f"{name}: another resource gets the one that is preferred", got == others[1], (got, others))
    await noticed_end(s, used)
    c.lose(first["gateway_id"])
    got = (await c.flow(LAB))[1]["gateway_id"]
    case(f"{name}: when it is gone another one takes over", got in others, got)
    await s.stop()
    no_complaint(name)


async def kinds(s, generation):
    """Resources of every kind, as each side is told of them (§3.5, §4.1)."""
    name = f"kinds of resources, {generation}"
    g, c = await s.gateway(f"{name} gw", generation), await s.client(f"{name} cl", generation, actor="carl")
    listed = {r["name"]: r for r in c.init["resources"]}
    case(f"{name}: the client has them all", list(listed) == [k[0] for k in KINDS], list(listed))
    for what, type_, address, filters, seen in KINDS:
        kind, _ = await c.flow(listed[what]["id"])
        asked = g.asked[-1]["resource"]
        case(f"{name}: {what}", kind == "created" and all((r["type"], r.get("address"), r.get("filters", [])) == (*seen, told(*filters))
             for r in (listed[what], asked) if r["type"] != "internet") and asked["type"] == listed[what]["type"] == seen[0], (listed[what], asked))
    case(f"{name}: a DNS resource of one family says so", listed["four only"].get("ip_stack") == "ipv4_only", listed["four only"])
    await s.stop()
    no_complaint(name)


async def places(s, generation):
    """A policy that holds for one network only: who moves out of it loses what it granted."""
    name = f"places, {generation}"
    g = await s.gateway(f"{name} gw", generation)
    c = await s.client(f"{name} cl", generation, actor="dora", source="127.0.5.1")
    kind, _ = await c.flow(INSIDE)
    case(f"{name}: from inside it is listed and granted", kind == "created" and list(c.resources) == [INSIDE], c.resources)
    g.mark()
    await noticed_end(s, c)
    c.source = "127.0.6.1"
    await c.connect()
    case(f"{name}: from outside it is not listed", list(c.resources) == [])
    kind, p = await c.flow(INSIDE)
    case(f"{name}: and forbidden", kind == "failed" and p["reason"] == "forbidden" and p["violated_properties"] == ["remote_ip"], p)
    case(f"{name}: the gateway takes back what it had granted", await g.expect("reject_access", resource_id=INSIDE), g.news)
    await s.stop()
    no_complaint(name)


INSIDE = id_of("resource", "inside")


def with_places(w):
    w.actor("dora")
    w.resource("inside", "10.80.0.0/16", "main")
    w.policy("dora", ["dora"], ["inside"], networks=["127.0.5.0/24"])
    return w


# name, type, address, filters; what peers see of type and address
KINDS = [
    ("host", "ip", "10.70.0.1", ["udp"], ("cidr", "10.70.0.1/32")),
    ("host six", "ip", "fd70::1", ["icmp"], ("cidr", "fd70::1/128")),
    ("net six", "cidr", "fd71::/48", ["tcp/1-65535"], ("cidr", "fd71::/48")),
    ("name", "dns", "host.example", [], ("dns", "host.example")),
    ("below", "dns", "**.deep.example", ["tcp/80", "tcp/443", "udp/443", "icmp"], ("dns", "**.deep.example")),
    ("four only", "dns", "?.four.example", [], ("dns", "?.four.example")),
    ("Internet", "internet", None, [], ("internet", None)),
]


def with_kinds(w):
    w.actor("carl")
    for what, type_, address, filters, _ in KINDS:
        w.resource(what, address, "main", type=type_, filter=filters, **({"ip_stack": "ipv4_only"} if what == "four only" else {}))
    w.policy("carl", ["carl"], [k[0] for k in KINDS])
    return w


async def odd_messages(s, generation):
    """§6.3 h, §2.4, §8.3."""
    name = f"odd messages, {generation}"
    g, c = await s.gateway(f"{name} gw", generation), await s.client(f"{name} cl", generation)
    for p in (g, c):
        case(f"{name}: an unknown event of a {p.role} is answered so", await p.ask("news", {}) == "unknown_message")
        case(f"{name}: a known one that lacks a member too", await p.ask("broadcast_ice_candidates", {"candidates": []}) == "unknown_message")
        case(f"{name}: and one of the other generation",
             await p.ask({"v1": "request_authorization", "v2": "create_flow"}[generation], {"resource_id": LAB, "connected_gateway_ids": []})
             == "unknown_message")
        case(f"{name}: another topic is none of its own", await p.ask("news", {}, topic="relay") == "unmatched topic")
    c.say("request_device_access", {"resource_id": LAB})
    c.say("set_snownet_capabilities", {"iceless": True})
    for p in (g, c):
        p.mark()
        p.say("no_relays", {})
        got = await p.expect("relays_presence", disconnected_ids=[])
        case(f"{name}: no_relays of a {p.role} is answered with all of them", got and got.payload["connected"] == p.init["relays"], p.news)
    p = await (await s.make(Client, "actor", "ann", f"{name} early", generation)).open()
    case(f"{name}: a message before the join is refused", await p.ask("news", {}) == "unmatched topic")
    case(f"{name}: so is the join of another topic", await p.ask("phx_join", None, topic="gateway") == "unmatched topic")
    await p.join()
    case(f"{name}: its own it may still join", p.init is not None)
    await s.stop()
    no_complaint(name)


async def main():
    s = await begin(with_places(with_kinds(small(answer_within_ms=1000))))
    for cg, gg in PAIRS:
        await pair(s, cg, gg)
    for generation in ("v1", "v2"):
        await choice(s, generation)
        await kinds(s, generation)
        await places(s, generation)
        await odd_messages(s, generation)


run(main)
