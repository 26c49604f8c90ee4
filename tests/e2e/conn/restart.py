# SPDX-License-Identifier: Apache-2.0
"""The cases of test_conn_restart.sh: a node is killed and comes back from what it had put by; the far end sees nothing."""
import time

from cases import *  # noqa: F401,F403

PPS = 100


def authorise_again(p, relays):
    """What the portal sends a node that has logged in anew."""
    for n in p.both:
        n.use_relays(*(r.of(n.public) for r in relays))
    introduce(p.client, p.gateway)


def killed(side, kinds, flags, relay):
    """kill -9 of one of both, a second of silence, a new process with the same key and file."""
    nat("home1", flags)
    nat("home2", flags)
    name = f"{side} killed, path {'relayed' if flags else 'direct'}"
    files = {s: f"{DIR}/stash-{s}-{len(flags)}-{side}" for s in ("client", "gateway")}
    p = Pair("alice", "bob", [relay], ("--stash", files["client"]), ("--stash", files["gateway"]))
    case(f"{name}: it works before", p.meet() is not None and p.settled(kinds, 5))
    time.sleep(2)  # until nothing changes any more
    p.stream(PPS)
    time.sleep(1)
    victim, far = (p.client, p.gateway) if side == "client" else (p.gateway, p.client)
    old_path, mark, lost = p.last_path(victim), far.mark, p.lost()
    allocates, refreshes = relay.count("allocate"), relay.count("refresh")
    victim.kill()
    at = mono()
    time.sleep(1)
    again = Node(victim.host, victim.role, f"{victim.name}-again", "--stash", files[side], key=victim.private, id_=victim.id)
    again.remotes = victim.remotes
    far.remotes[again.id] = again
    p.client, p.gateway = (again, far) if side == "client" else (far, again)
    p.both = p.client, p.gateway
    core = again.wait("core", 3)
    case(f"{name}: the core comes back from its records", core and core["records"] > 0 and again.counters()["restored"] > 0
         and again.counters()["restore_malformed"] == 0 and not again.seen("restore_refused"), again.events[:10])
    path = again.path(far, kinds, 3)
    case(f"{name}: on the same path at once", path and all(path[k] == old_path[k] for k in ("from", "to", "relay", "channel", "kind")),
         (old_path, path))
    authorise_again(p, [relay])
    again.tell("sweep")
    again.stream_to(far, PPS)
    heard = far.stats(again)["received"]
    case(f"{name}: data flows again", until(3, lambda: far.stats(again)["received"] > heard + PPS // 2
                                            and again.stats(far)["received"] > PPS // 2),
         (far.stats(again), again.stats(far)))
    note(f"{name}: silent for {far.stats(again)['gap_ms']:.0f} ms")
    for n in p.both:
        n.stream_to(p.other(n), 0)
    time.sleep(0.3)
    lost = p.streamed(PPS, 22)  # longer than any pair would be kept without answers
    case(f"{name}: and nothing is lost any more", lost == (0, 0), lost)
    case(f"{name}: the far end saw no failure and no other path", not far.seen("failed", mark) and not far.seen("path", mark),
         far.seen("failed", mark) + far.seen("path", mark))
    upserts = [e["result"] for e in again.seen("upserted")]
    case(f"{name}: the authorisation finds it as it was", upserts and all(r == 0 for r in upserts), upserts)
    case(f"{name}: the relay saw a Refresh and no Allocate", relay.count("allocate") == allocates and relay.count("refresh") > refreshes,
         relay("stats"))
    ends_well(p, name)


def core_away(side, kinds, flags, relay):
    """Only the control plane dies: the data plane goes on, and answers checks meanwhile."""
    nat("home1", flags)
    nat("home2", flags)
    name = f"core of the {side} away, path {'relayed' if flags else 'direct'}"
    p = Pair("alice", "bob", [relay], ("--responder",), ("--responder",))
    case(f"{name}: it works before", p.meet() is not None and p.settled(kinds, 5))
    time.sleep(2)
    p.stream(PPS)
    time.sleep(1)
    n, far = (p.client, p.gateway) if side == "client" else (p.gateway, p.client)
    old_path, mark, before = p.last_path(n), far.mark, p.lost()
    allocates = relay.count("allocate")
    n.tell("core stop")
    time.sleep(20)  # longer than any pair would be kept without answers
    restarted = n.mark
    n.tell("core start")
    case(f"{name}: it comes back from its records", n.wait("core", 3, since=restarted, up=True))
    authorise_again(p, [relay])
    n.tell("sweep")
    time.sleep(3)
    case(f"{name}: not one packet is lost", p.lost() == before, (before, p.lost()))
    case(f"{name}: the far end saw no failure and no other path", not far.seen("failed", mark) and not far.seen("path", mark),
         far.seen("failed", mark) + far.seen("path", mark))
    paths = n.seen("path", restarted)
    case(f"{name}: nor did this one change", all(all(e[k] == old_path[k] for k in ("from", "to", "relay", "channel")) for e in paths),
         (old_path, paths))
    case(f"{name}: the relay saw no Allocate", relay.count("allocate") == allocates, relay("stats"))
    ends_well(p, name)


relay = OwnRelay()
for which in ("client", "gateway"):
    killed(which, DIRECT, "", relay)
    killed(which, RELAYED, SYMMETRIC, relay)
    core_away(which, DIRECT, "", relay)
    core_away(which, RELAYED, SYMMETRIC, relay)
stop_all()
finish()
