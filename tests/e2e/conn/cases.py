# SPDX-License-Identifier: Apache-2.0
"""What the case scripts share: two nodes that meet, streams whose losses are told apart by time, the bounds of ICE."""
import time

from agents import *  # noqa: F401,F403
from agents import Node, introduce, running
from lab import *  # noqa: F401,F403
from lab import case, until

DIRECT, RELAYED = ("direct",), ("to_relay", "our_relay", "relay_to_relay")
# connectivity §1.7, §1.12: until the next check of a working pair, and until it is given up after that
NEXT_CHECK_S, GIVE_UP_S = 1.5, 16.5
SLACK_S = 1.0  # two cores that others use, too


class Pair:
    """A client and a gateway on two hosts."""

    def __init__(self, client_host, gateway_host, relays=(), client_options=(), gateway_options=()):
        self.client = Node(client_host, "client", None, *client_options)
        self.gateway = Node(gateway_host, "gateway", None, *gateway_options)
        self.both = self.client, self.gateway
        self.relays = relays
        for n in self.both:
            if relays:
                n.use_relays(*(r.of(n.public) if hasattr(r, "of") else r for r in relays))

    def other(self, n):
        return self.gateway if n is self.client else self.client

    def meet(self, seconds=10):
        """Seconds until both have a session; None: they do not."""
        at = introduce(self.client, self.gateway)
        up = [n.wait("established", seconds, id=self.other(n).id) for n in self.both]
        return max(e["t"] for e in up) - at if all(up) else None

    def settled(self, kinds, seconds=10):
        """Both send on such a path."""
        return until(seconds, lambda: all((n.paths(self.other(n)) or [None])[-1] in kinds for n in self.both))

    def last_path(self, n):
        return n.seen("path", id=self.other(n).id)[-1]

    def stream(self, pps):
        for n in self.both:
            n.stream_to(self.other(n), pps)

    def lost(self):
        """(of the client's packets, of the gateway's): numbers that the far end lacks below the highest it has seen."""
        return tuple(s["highest"] + 1 - s["received"] if s["received"] else 0
                     for s in (self.other(n).stats(n) for n in self.both))

    def streamed(self, pps, seconds):
        """Lost of both, of a stream of its own that has ended."""
        before = {n: n.stats(self.other(n)) for n in self.both}
        self.stream(pps)
        time.sleep(seconds)
        self.stream(0)
        time.sleep(0.3)
        after = {n: n.stats(self.other(n)) for n in self.both}
        sent = {n: after[n]["sent"] - before[n]["sent"] for n in self.both}
        got = {n: after[n]["received"] - before[n]["received"] for n in self.both}
        assert all(s > pps * seconds * 0.5 for s in sent.values()), f"only {list(sent.values())} were sent"
        return tuple(sent[n] - got[self.other(n)] for n in self.both)

    def failures(self):
        return [e for n in self.both for e in n.seen("failed")]

    def stop(self):
        codes = [n.stop() for n in self.both]
        for n in self.both:
            if n in running:
                running.remove(n)
        return codes


def data_flows(name, pair, pps=500, seconds=1):
    lost = pair.streamed(pps, seconds)
    case(f"{name}: data both ways, nothing lost", lost == (0, 0), f"lost {lost}")


def ends_well(pair, name):
    """No program complained, and nothing ended badly."""
    codes = pair.stop()
    case(f"{name}: both end well", codes == [0, 0], codes)
