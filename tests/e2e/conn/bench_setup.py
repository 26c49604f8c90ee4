# SPDX-License-Identifier: Apache-2.0
"""
How long two hosts take to find each other, ours beside libnice's on the same topology: a table, and JSON lines.

  bench_setup.py OUT [RUNS]

The clock runs from the moment at which both sides have the other's credentials; relays are allocated and, for libnice,
candidates gathered before. "path": both have a pair to send on; "session": WireGuard is up on both (only ours does it);
"best": both are on the pair they stay with. "cold" for libnice: gathering is on the clock, too.
"""
import json
import statistics
import sys
import time

from cases import *  # noqa: F401,F403

OUT, RUNS = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9
# name, hosts, flags of both NATs, whether direct traffic is refused, kinds of the path in the end
SCENARIOS = [("one network", ("alice", "anna"), "", False, DIRECT), ("direct through NAT", ("alice", "bob"), "", False, DIRECT),
             ("relayed, direct refused", ("alice", "bob"), "", True, RELAYED), ("symmetric NAT", ("alice", "bob"), SYMMETRIC, False, RELAYED)]
ADDRESSES = {"alice": ("10.1.0.2", "fd01::2"), "anna": ("10.1.0.3", "fd01::3"), "bob": ("10.2.0.2", "fd02::2")}


def fresh_network(flags, refused):
    unblock("home1")
    nat("home1", flags)
    nat("home2", flags)
    if refused:
        block("home1", "203.0.113.2")


def ours(hosts, kinds, server):
    p = Pair(*hosts, [server])
    for n in p.both:
        assert n.wait("log", 5, what="relay_allocated"), "no allocation"
    at = introduce(p.client, p.gateway)
    up = [n.wait("established", 10) for n in p.both]
    assert all(up), "no session"
    assert p.settled(kinds, 5), f"not on {kinds}: {[n.paths(p.other(n)) for n in p.both]}"
    time.sleep(0.2)
    paths = [n.seen("path") for n in p.both]
    took = {"path": max(e[0]["t"] for e in paths) - at, "session": max(e["t"] for e in up) - at, "best": max(e[-1]["t"] for e in paths) - at}
    p.stop()
    return took


def libnice(hosts, server, warm):
    credentials = ("aaaa", "a" * 22), ("bbbb", "b" * 22)
    a, b = (Nice(h, i == 0, f"nice-{h}", *c, *[w for x in ADDRESSES[h] for w in ("--address", x)])
            for i, (h, c) in enumerate(zip(hosts, credentials)))
    for n in (a, b):
        n.use_relay(server)
        if warm:
            n.tell("gather")
    if warm:
        assert all(n.wait("gathered", 10) for n in (a, b)), "nothing gathered"
    at = mono()
    for n, o in ((a, b), (b, a)):
        n.meet(o, o.credentials)
        for e in n.seen("candidate") if warm else ():
            o.hear(n, "candidate", e["text"])
        if not warm:
            n.tell("gather")
    ready = [n.wait("state", 30, state="ready") for n in (a, b)]
    if not all(ready):
        took = None
    else:
        time.sleep(0.2)
        first = [n.seen("state", state="connected") or n.seen("selected") for n in (a, b)]
        took = {"path": max(e[0]["t"] for e in first) - at, "best": max(n.seen("selected")[-1]["t"] for n in (a, b)) - at,
                "ready": max(e["t"] for e in ready) - at}
    for n in (a, b):
        n.stop()
        running.remove(n)
    return took


def cpu_name():
    with open("/proc/cpuinfo") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown")


class Report:
    def __init__(self, path):
        self.out, self.cpu = open(path, "w"), cpu_name()
        print(f"cpu: {self.cpu}, {RUNS} runs each, times in ms")
        print(f"{'scenario':<26} {'agents':<14} {'until':<8} {'median':>9} {'min':>9} {'max':>9} {'libnice':>9} {'ratio':>7}")

    def line(self, scenario, agents, until_, samples, baseline=0.0):
        ms = [s * 1000 for s in samples]
        median = statistics.median(ms)
        ratio = median / baseline if baseline else 0.0
        beside = f"{baseline:9.1f} {ratio:7.3f}" if baseline else ""
        print(f"{scenario:<26} {agents:<14} {until_:<8} {median:9.1f} {min(ms):9.1f} {max(ms):9.1f} {beside}", flush=True)
        name = f"conn_setup/{scenario}/{agents}/{until_}".replace(",", "").replace(" ", "_")
        self.out.write(json.dumps({"name": name, "runs": len(ms), "median": round(median, 2), "min": round(min(ms), 2),
                                   "max": round(max(ms), 2), "unit": "ms", "baseline": round(baseline, 2), "ratio": round(ratio, 4),
                                   "cpu": self.cpu}) + "\n")
        self.out.flush()
        return median


def measure(run, runs, flags, refused):
    """Samples by what they measure; runs that found nothing are left out, and counted."""
    samples, failed = {}, 0
    for _ in range(runs):
        fresh_network(flags, refused)
        took = run()
        failed += took is None
        for k, v in (took or {}).items():
            samples.setdefault(k, []).append(v)
    return samples, failed


def scenario(report, name, hosts, flags, refused, kinds, relay, server):
    theirs = {}
    for agents, warm, runs in (("libnice", True, RUNS), ("libnice, cold", False, max(3, RUNS // 3))) if have(NICE_PEER) else ():
        samples, failed = measure(lambda w=warm: libnice(hosts, server, w), runs, flags, refused)
        for k, v in samples.items():
            median = report.line(name, agents, k, v)
            if warm:
                theirs[k] = median
        if failed:
            print(f"  {agents}: {failed} of {runs} runs did not connect")
    for agents, r in (("ours", relay), ("ours, coturn", server)):
        samples, _ = measure(lambda r=r: ours(hosts, kinds, r), RUNS, flags, refused)
        for k, v in samples.items():
            report.line(name, agents, k, v, theirs.get(k, 0.0))


def main():
    report = Report(OUT)
    relay, server = OwnRelay("relay"), Coturn("relay2")
    for s in SCENARIOS:
        scenario(report, *s, relay, server)
    stop_all()


main()
