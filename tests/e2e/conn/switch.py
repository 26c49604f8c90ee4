# SPDX-License-Identifier: Apache-2.0
"""The cases of test_conn_switch.sh: the path changes under a stream, and what that costs."""
import time

from cases import *  # noqa: F401,F403

PPS = 200


def away_from_direct(p):
    """Nothing passes between the two homes; the relay stays. Returns (seconds of blackout, lost, sent) of both directions."""
    marks = {n: n.mark for n in p.both}
    lost_before = p.lost()
    at = block("home1", "203.0.113.2")
    gone = {n: n.path(p.other(n), RELAYED, 25, marks[n]) for n in p.both}
    case("direct is cut: both sides go to the relay", all(gone.values()), [n.paths(p.other(n)) for n in p.both])
    took = [e["t"] - at if e else 99 for e in gone.values()]
    bound = NEXT_CHECK_S + GIVE_UP_S + SLACK_S
    note(f"direct was cut: client left it after {took[0]:.1f} s, gateway after {took[1]:.1f} s")
    case(f"within {bound} s", max(took) <= bound, took)
    time.sleep(1)
    lost = [b - a for a, b in zip(lost_before, p.lost())]
    # a path is left when its owner says so: what a side sent until then is gone, what it sends after that is not
    most = [PPS * (t + 0.2) for t in took]
    note(f"lost {lost} of {PPS} per second and direction")
    case("lost is what was sent into the blackout", all(0 < x <= y for x, y in zip(lost, most)), (lost, most))
    before = p.lost()
    time.sleep(3)
    case("and nothing after it", p.lost() == before, (before, p.lost()))
    case("neither side calls it a failure", not p.failures(), p.failures())


def back_to_direct(p):
    """Another authorisation makes both announce their candidates again (connectivity §3.1)."""
    marks = {n: n.mark for n in p.both}
    before = p.lost()
    unblock("home1")
    introduce(p.client, p.gateway)
    back = {n: n.path(p.other(n), DIRECT, 5, marks[n]) for n in p.both}
    case("direct works again: both sides return to it", all(back.values()), [n.paths(p.other(n), marks[n]) for n in p.both])
    time.sleep(1)
    case("which costs no packet: both paths are alive", p.lost() == before, (before, p.lost()))
    case("and no new connection", all(e["result"] == 0 for n in p.both for e in n.seen("upserted")[1:]))


def withdrawn(p):
    """The client is told that the gateway's direct candidates are no more, while they still work. The gateway follows when
    four checks in a row have nominated the other path (connectivity §6, trap 12)."""
    marks = {n: n.mark for n in p.both}
    before = p.lost()
    for e in p.gateway.seen("candidate"):
        if e["text"].split()[7] != "relay":
            p.client.tell(f"invalidate {p.gateway.id} {e['text']}")
    at = mono()
    away = p.client.path(p.gateway, RELAYED, 1, marks[p.client])
    case("direct candidates are withdrawn: the client goes to the relay at once", away, p.client.paths(p.gateway, marks[p.client]))
    followed = p.gateway.path(p.client, RELAYED, 10, marks[p.gateway])
    case("the gateway follows after four checks", followed and followed["t"] - at < 4 * NEXT_CHECK_S + SLACK_S,
         p.gateway.paths(p.client, marks[p.gateway]))
    note(f"it followed after {followed['t'] - at if followed else 99:.1f} s")
    time.sleep(1)
    case("no packet is lost", p.lost() == before, (before, p.lost()))


def run(options, name):
    note(name)
    p = Pair("alice", "bob", [relay], options, options)
    case(f"{name}: direct at first", p.meet() is not None and p.settled(DIRECT, 5))
    p.stream(PPS)
    time.sleep(1)
    away_from_direct(p)
    back_to_direct(p)
    withdrawn(p)
    back_to_direct(p)
    p.stream(0)
    stats = [n.stats(p.other(n)) for n in p.both]
    note(f"streams: {stats}")
    ends_well(p, name)


relay = OwnRelay()
run((), "the core answers checks")
run(("--responder",), "the data plane answers checks")
stop_all()
finish()
