# SPDX-License-Identifier: Apache-2.0
"""The cases of test_conn_relays.sh: what a relay may do to its clients, and what becomes of the connections."""
import time

from cases import *  # noqa: F401,F403

PPS = 100
SHORT_LIFE = ("--lifetime", "4")  # a Refresh every 2 s


def relayed_pair(relays, name):
    nat("home1", SYMMETRIC)
    nat("home2", SYMMETRIC)
    p = Pair("alice", "bob", relays)
    took = p.meet()
    case(f"{name}: a session through the relay", took is not None and p.settled(RELAYED, 5), took)
    return p


def recovers(p, name, seconds):
    """From now on data comes through in both directions, on a path of a relay."""
    heard = {n: n.stats(p.other(n))["received"] for n in p.both}
    began = time.monotonic()
    ok = until(seconds, lambda: all(n.stats(p.other(n))["received"] > heard[n] + PPS // 2 for n in p.both))
    case(f"{name}: data goes on within {seconds} s", ok, [n.stats(p.other(n)) for n in p.both])
    note(f"{name}: after {time.monotonic() - began:.1f} s; silent for {max(n.stats(p.other(n))['gap_ms'] for n in p.both):.0f} ms")


def stale_nonces():
    relay = OwnRelay("relay", *SHORT_LIFE)
    p = relayed_pair([relay], "stale nonces")
    p.stream(PPS)
    time.sleep(1)
    before, marks = p.lost(), {n: n.mark for n in p.both}
    for _ in range(3):
        relay("expire-nonces")
        time.sleep(2.5)
    counts = relay("stats")["counts"]
    case("nonces expire: 438 each time, by both", counts.get("error_438", 0) >= 6, counts)
    case("allocations are refreshed all the same", counts.get("refresh", 0) >= 6 and not counts.get("expired") and not counts.get("error_437"),
         counts)
    case("no packet is lost, no path changes", p.lost() == before and not any(n.seen("path", marks[n]) for n in p.both),
         (before, p.lost()))
    relay("nonce-uses 1")
    relay("expire-nonces")
    time.sleep(5)
    case("a nonce for every request: likewise", p.lost() == before and not p.failures() and relay.count("error_438") > 8, (before, p.lost()))
    ends_well(p, "stale nonces")
    relay.stop()


def restarted():
    relay = OwnRelay("relay")
    p = relayed_pair([relay], "relay restarted")
    p.stream(PPS)
    time.sleep(1)
    marks = {n: n.mark for n in p.both}
    relay("restart")
    for n in p.both:  # the portal's list comes without it: it is probed by a Refresh
        n.tell("relays")
    time.sleep(1)
    recovers(p, "relay restarted", 5)
    counts = relay("stats")["counts"]
    case("it learned by 437, and allocated anew", counts.get("error_437", 0) >= 2 and counts.get("allocated") == 4, counts)
    case("the old relayed addresses were withdrawn, new ones announced", all(n.seen("invalidate", marks[n]) and
         [e for e in n.seen("candidate", marks[n]) if " typ relay " in e["text"]] for n in p.both))
    case("without a failure", not p.failures(), p.failures())
    ends_well(p, "relay restarted")
    relay.stop()


def other_credentials():
    relay = OwnRelay()
    p = relayed_pair([relay], "other credentials")
    p.stream(PPS)
    time.sleep(1)
    for n in p.both:
        n.use_relays(relay.of("other " + n.public))
    time.sleep(1)
    recovers(p, "other credentials", 10)
    counts = relay("stats")["counts"]
    case("437 for the Allocate, Refresh 0, and again", counts.get("error_437", 0) >= 2 and counts.get("released") == 2 and
         counts.get("allocated") == 4, counts)
    case("without a failure", not p.failures(), p.failures())
    ends_well(p, "other credentials")
    relay.stop()


def expired_credentials():
    relay = OwnRelay("relay", *SHORT_LIFE)
    p = relayed_pair([relay], "expired credentials")
    relay("clock 1000000")
    gone = [n.wait("no_relays", 6) for n in p.both]
    case("credentials that end are not tried for ever: the relay is given up", all(gone), gone)
    attempts = relay.count("error_401")
    time.sleep(3)
    case("and left alone", relay.count("error_401") == attempts, (attempts, relay.count("error_401")))
    relay("clock 0")
    for n in p.both:
        n.use_relays(relay.of("fresh " + n.public))
    introduce(p.client, p.gateway)
    case("with new ones it works again", until(10, lambda: p.streamed(PPS, 0.5) == (0, 0)), [n.paths(p.other(n)) for n in p.both])
    ends_well(p, "expired credentials")
    relay.stop()


def lost_responses():
    nat("home1", SYMMETRIC)
    nat("home2", SYMMETRIC)
    relay = OwnRelay()
    relay("drop 6")
    p = Pair("alice", "bob", [relay])
    introduce(p.client, p.gateway)
    case("six lost responses delay a session", until(10, lambda: all(n.seen("established") for n in p.both)))
    case("and were lost", relay.count("responses_dropped") == 6)
    ends_well(p, "lost responses")
    relay.stop()


def a_relay_dies():
    relays = [OwnRelay("relay", *SHORT_LIFE), OwnRelay("relay2", *SHORT_LIFE)]
    p = relayed_pair(relays, "one of two relays dies")
    p.stream(PPS)
    time.sleep(1)
    dead = next(r for r in relays if p.last_path(p.client)["relay"].startswith(r.ip4) or p.last_path(p.client)["to"].startswith(r.ip4))
    alive = relays[1 - relays.index(dead)]
    dead("mute on")
    at = mono()
    # 2 s to the next Refresh, 8.125 s until it is given up (§2.5); two seconds of grace for the candidates of the other relay
    time.sleep(10)
    recovers(p, "one of two relays dies", 12)
    note(f"one of two relays dies: over after {mono() - at:.1f} s")
    case("on the other one", all(alive.ip4 in p.last_path(n)["relay"] + p.last_path(n)["to"] for n in p.both), [p.last_path(n) for n in p.both])
    case("without a failure", not p.failures(), p.failures())
    ends_well(p, "one of two relays dies")
    for r in relays:
        r.stop()


def across_families():
    relay = OwnRelay()
    p = Pair("six", "four", [relay])
    took = p.meet()
    case("a client without IPv4 and a gateway without IPv6 meet at a relay", took is not None and took < 3, took)
    case("on a relayed path", p.settled(RELAYED, 3), [n.paths(p.other(n)) for n in p.both])
    data_flows("across families", p)
    for n in p.both:
        n.tell("release")
    case("a release is confirmed", all((n.wait("released", 5) or {}).get("confirmed") == 1 for n in p.both))
    case("and leaves nothing at the relay", relay("stats")["allocations"] == 0 and relay.count("released") == 2, relay("stats"))
    ends_well(p, "across families")
    relay.stop()


def the_same_port_again():
    """A process that was killed left its allocation behind."""
    relay = OwnRelay()
    for _ in range(2):
        n = Node("four", "client")
        n.use_relays(relay.of("the same"))
        until(5, lambda: relay.count("allocated") > 0)
        n.kill()
    n = Node("four", "client")
    n.use_relays(relay.of("the same"))
    case("a new process on the old port gets rid of the old allocation", until(5, lambda: relay.count("allocated") == 3)
         and relay.count("error_437") >= 2 and relay("stats")["allocations"] == 1, relay("stats"))
    n.stop()
    relay.stop()


for part in (stale_nonces, restarted, other_credentials, expired_credentials, lost_responses, a_relay_dies, across_families,
             the_same_port_again):
    part()
stop_all()
finish()
