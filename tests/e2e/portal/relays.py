# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_relays.sh: portal §5: static, REST and registered relays, their credentials and presence, no_relays."""
import asyncio
import base64
import hashlib
import hmac
import time

from harness import begin, id_of, no_complaint, quiet, run, small
from lab import case
from roles import Relay
from strict import NEVER

LAB = id_of("resource", "lab")


def by_stamp(key, expires_at, secret):
    """§5.1, of registered relays."""
    def b64(data):
        return base64.b64encode(hashlib.sha256(data.encode()).digest()).decode().rstrip("=")
    salt = b64(key)
    return f"{expires_at}:{salt}", b64(f"{expires_at}:{secret}:{salt}")


def by_rest(username, secret):
    return base64.b64encode(hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()).decode()


async def of_the_file():
    """Static credentials, and coturn's; both families of one relay stand beside each other."""
    w = small()
    w.relays = []
    w.relay("one", "198.51.100.10:3478", "[2001:db8::10]:3478", username="user", password="static-relay-password")
    w.relay("two", "198.51.100.11:3478", rest_secret="rest-secret-of-the-test")
    s = await begin(w, "file", 8081)
    for generation in ("v1", "v2"):
        for p in (await s.gateway(f"gw {generation}", generation), await s.client(f"cl {generation}", generation)):
            name = f"{generation} {p.role}"
            relays = {r["addr"]: r for r in p.init["relays"]}
            case(f"{name}: both relays are given, one of them twice", sorted(relays) == ["198.51.100.10:3478", "198.51.100.11:3478", "[2001:db8::10]:3478"]
                 and relays["198.51.100.10:3478"]["id"] == relays["[2001:db8::10]:3478"]["id"] != relays["198.51.100.11:3478"]["id"], relays)
            static, rest = relays["198.51.100.10:3478"], relays["198.51.100.11:3478"]
            case(f"{name}: static credentials are the file's", static["username"] == "user" and static["password"] == "static-relay-password")
            expiry = rest["username"].split(":")[0]
            case(f"{name}: REST credentials are what coturn computes", int(expiry) == rest["expires_at"] and rest["expires_at"] > time.time()
                 and rest["password"] == by_rest(rest["username"], "rest-secret-of-the-test"), rest)
            await p.connect()
            case(f"{name}: the same key gets the same credentials again", {r["addr"]: r for r in p.init["relays"]} == relays, p.init["relays"])
            p.new_process()
            await p.connect()
            again = {r["addr"]: r for r in p.init["relays"]}["198.51.100.11:3478"]
            case(f"{name}: another key others", again["username"] != rest["username"], again)
    await s.stop()
    no_complaint("relays of the file")
    await s.portal.stop()


async def choice():
    """§5.4: two of many, always the same for a peer, different ones for different peers."""
    w = small()
    w.relays = []
    for i in range(8):
        w.relay(f"relay {i}", f"198.51.100.{i + 1}:3478", f"[2001:db8::{i + 1}]:3478", username="u", password="p" * 12)
    s = await begin(w, "choice", 8081)
    clients = [await s.client(f"cl {i}") for i in range(24)]
    got = [tuple(sorted({r["id"] for r in c.init["relays"]})) for c in clients]
    case("each client gets two relays", all(len(g) == 2 for g in got), got)
    case("not all the same", len({i for g in got for i in g}) == 8, got)
    for c in clients:
        await c.connect()
    case("and the same again", got == [tuple(sorted({r["id"] for r in c.init["relays"]})) for c in clients])
    await s.stop()
    await s.portal.stop()


def connected(p):
    return {r["addr"]: r for n in p.seen("relays_presence") for r in n.payload["connected"]}


async def registered():
    """§5.6, §5.7; relay_gone_after is 1 s here, relay_repeat_after 0.5 s."""
    w = small(relay_gone_after_ms=1000, relay_repeat_after_ms=500)
    w.relays = []
    s = await begin(w, "registered", 8081)
    peers = [await s.gateway("gw1"), await s.gateway("gw2", "v2"), await s.client("cl1"), await s.client("cl2", "v2")]
    case("without a relay init has none", all(p.init.get("relays", []) == [] for p in peers))
    for p in peers:
        p.mark()
    secret = "5c1d0f6e2b7a49388f60d1c2b3a49586" * 2
    relay = await s.relay(secret, "198.51.100.77", "2001:db8::77", external_id="r1")
    case("a relay joins and is told init", relay.events() == ["init"] and await relay.sync() == "ok", relay.inbox)
    for p in peers:
        first = await p.expect("relays_presence", disconnected_ids=[])
        got = connected(p)
        entry = got.get("198.51.100.77:3478")
        expected = by_stamp(p.key, entry["expires_at"], secret) if entry else None
        case(f"{p}: is told at once, since it has none", first and sorted(got) == ["198.51.100.77:3478", "[2001:db8::77]:3478"], p.news)
        case(f"{p}: with credentials that the relay computes from its stamp secret", entry and (entry["username"], entry["password"]) == expected
             and entry["expires_at"] == NEVER, (entry, expected))
    for p in peers:
        case(f"{p}: and once more, since relays join before they listen", await p.until(lambda p=p: len(p.seen("relays_presence")) == 2, 3)
             and p.news[0].payload == p.news[1].payload and 0.4 < p.news[1].at - p.news[0].at < 1.5, p.news)
    await comes_back(s, relay, peers)
    await goes(s, relay, peers)
    await s.stop()
    no_complaint("registered relays")
    await s.portal.stop()


async def comes_back(s, relay, peers):
    for p in peers:
        p.mark()
    await relay.stop()
    await relay.connect()
    await asyncio.sleep(1.3)  # longer than relay_gone_after
    await quiet(*peers)
    gone = [n for p in peers for n in p.seen("relays_presence") if n.payload["disconnected_ids"]]
    case("a relay that comes back in time with its secret was never gone", not gone, gone)


async def goes(s, relay, peers):
    for p in peers:
        p.mark()
    second = await s.relay("aa" * 32, "198.51.100.78", external_id="r2")
    for p in peers:
        case(f"{p}: has fewer than two and is told of another", await p.until(lambda p=p: "198.51.100.78:3478" in connected(p), 3), p.news)
        p.mark()
    old = next(i for i, entries in peers[0].relays.items() if entries[0]["addr"].endswith("77:3478"))
    at = time.monotonic()
    await relay.stop()
    for p in peers:
        got = await p.expect("relays_presence", 4, disconnected_ids=[old])
        case(f"{p}: is told of a relay that is gone, after the time for it", got and 0.9 < got.at - at < 2.5
             and all("77" not in r["addr"] for r in got.payload["connected"]), p.news)
    late = await s.client("late")
    case("who comes later is told of the other only", [r["addr"] for r in late.init["relays"]] == ["198.51.100.78:3478"], late.init["relays"])
    listed = (await s.portal.json("relays"))["relays"]
    case("sluicectl lists it", [(r["kind"], r["ipv4"]) for r in listed if r["online"]] == [("registered", "198.51.100.78:3478")], listed)
    for p in peers:
        p.mark()
    await second.stop()
    second.join_payload = {"stamp_secret": "bb" * 32}
    await second.connect()
    for p in peers:
        fresh = by_stamp(p.key, NEVER, "bb" * 32)
        case(f"{p}: a relay with a new secret is announced with new credentials",
             await p.until(lambda p=p: connected(p).get("198.51.100.78:3478", {}).get("username") == fresh[0]
                           and connected(p)["198.51.100.78:3478"]["password"] == fresh[1], 4), p.news)


async def asks(generation):
    """§5.5: no_relays, and the repeat of what is outstanding."""
    s = await begin(small(), f"asks-{generation}", 8081)
    g, c = await s.gateway("gw", generation, answers=False), await s.client("cl", "v1")
    c.request(LAB)
    first = await g.expect(g.say_as["authorize"])
    g.mark()
    g.answers = True
    g.say("no_relays", {})
    await g.expect(g.say_as["authorize"])
    case(f"{generation}: no_relays is answered, and then what is outstanding is asked again", g.events() == ["relays_presence", g.say_as["authorize"]]
         and g.news[0].payload["disconnected_ids"] == [] and g.news[0].payload["connected"] == g.init["relays"]
         and {k: v for k, v in g.news[1].payload.items()} == first.payload, g.news)
    got = await c.expect(c.say_as["created"], resource_id=LAB)
    await quiet(c, g)
    case(f"{generation}: the client gets one answer", got and len(c.seen(c.say_as["created"])) == 1, c.news)
    c.mark()
    g.mark()
    g.say("no_relays", {})
    await g.expect("relays_presence")
    await quiet(g, c)
    case(f"{generation}: when nothing is outstanding nothing is asked again", g.events() == ["relays_presence"] and not c.news, g.news)
    await s.stop()
    no_complaint(f"no_relays {generation}")
    await s.portal.stop()


async def bad_joins():
    s = await begin(small(), "joins", 8081)
    for what, payload in (("no secret", {}), ("null", None), ("a secret that is none", {"stamp_secret": 7}), ("an empty secret", {"stamp_secret": ""})):
        r = await Relay(s.portal, await s.token("relay"), "x", "198.51.100.1").open()
        got = await r.ask("phx_join", payload)
        case(f"a relay that joins with {what} is refused", got != "ok", got)
        await r.stop()
    r = Relay(s.portal, await s.token("relay"), "cc" * 32)
    try:
        await r.open()
        case("a relay without address is of no use", await r.ask("phx_join", r.join_payload) != "ok")
    except Exception as e:
        case("a relay without address is of no use", getattr(e, "status", 0) in (400, 422), e)
    p = await s.client("sees")
    case("none of them is given to anybody", all(r["addr"] in ("198.51.100.10:3478", "[2001:db8::10]:3478") for r in p.init["relays"]))
    await s.stop()


async def main():
    await of_the_file()
    await choice()
    await registered()
    for generation in ("v1", "v2"):
        await asks(generation)
    await bad_joins()


run(main)
