# SPDX-License-Identifier: Apache-2.0
"""The cases of test_conn_direct.sh: who can talk directly does, who cannot goes through a relay."""
from cases import *  # noqa: F401,F403


def local_network():
    p = Pair("alice", "anna")
    took = p.meet(5)
    case("two hosts on one network connect without any relay", took is not None and took < 2, took)
    # Which family is open: a check that comes before its candidate gives the pair a lower priority, and that stays.
    case("host to host, each way", p.settled(DIRECT, 2) and all(
        p.last_path(n)[end].startswith(("[fd01::", "10.1.0.")) for n in p.both for end in ("from", "to")),
         [p.last_path(n) for n in p.both])
    kinds = {e["text"].split()[7] for n in p.both for e in n.seen("candidate")}
    case("having named host candidates only", kinds == {"host"}, kinds)
    data_flows("one network", p)
    p.client.tell(f"close {p.gateway.id}")
    case("a goodbye ends it on both sides", p.client.wait("closed", 3) and p.gateway.wait("goodbye", 3)
         and until(2, lambda: not p.gateway.info(p.client)["known"]))
    case("and it can be begun again with the same credentials", p.meet(5) is not None)
    ends_well(p, "one network")


def through_nat(relay):
    p = Pair("alice", "bob", [relay])
    took = p.meet()
    note(f"through NAT: session after {took} s")
    case("through two NATs that preserve ports: a session", took is not None and took < 3, took)
    case("directly, mapped address to mapped address", p.settled(DIRECT, 5)
         and p.last_path(p.client)["to"] == "203.0.113.2:52625" and p.last_path(p.gateway)["to"] == "203.0.113.1:52625",
         [p.last_path(n) for n in p.both])
    before = relay("stats")["counts"].get("channel_data_in", 0)
    data_flows("through NAT", p)
    after = relay("stats")["counts"].get("channel_data_in", 0)
    case("the relay carries checks, no data", after - before < 50, after - before)
    ends_well(p, "through NAT")


def symmetric(relay):
    nat("home1", SYMMETRIC)
    nat("home2", SYMMETRIC)
    p = Pair("alice", "bob", [relay])
    took = p.meet()
    note(f"symmetric NAT: session after {took} s")
    case("two symmetric NATs: a session", took is not None and took < 3, took)
    case("through the relay", p.settled(RELAYED, 5), [n.paths(p.other(n)) for n in p.both])
    before = relay.count("channel_data_in") + relay.count("peer_data_in")
    data_flows("symmetric NAT", p)
    case("which carries it", relay.count("channel_data_in") + relay.count("peer_data_in") - before >= 900)
    ends_well(p, "symmetric NAT")


def forwarded_port(relay):
    nat("home1")
    nat("home2", SYMMETRIC)
    must("home2", "nft add rule ip nat forwarded iifname wan0 udp dport 52625 dnat to 10.2.0.2")
    p = Pair("alice", "bob", [relay])
    case("a port that is forwarded through a symmetric NAT is found: direct", p.meet() is not None and p.settled(DIRECT, 5)
         and p.last_path(p.client)["to"] == "203.0.113.2:52625", [n.paths(p.other(n)) for n in p.both])
    data_flows("forwarded port", p)
    ends_well(p, "forwarded port")
    nat("home2")


def responder(relay):
    """The data plane answers checks and strips channels by itself, and only reports."""
    for hosts, kinds, flags in ((("alice", "anna"), DIRECT, ""), (("alice", "bob"), DIRECT, ""), (("alice", "bob"), RELAYED, SYMMETRIC)):
        nat("home1", flags)
        nat("home2", flags)
        name = f"answered by the data plane, {hosts[0]} and {hosts[1]}{', symmetric' if flags else ''}"
        p = Pair(*hosts, [relay], ("--responder",), ("--responder",))
        took = p.meet()
        case(f"{name}: a session", took is not None and took < 3, took)
        case(f"{name}: on the right path", p.settled(kinds, 5), [n.paths(p.other(n)) for n in p.both])
        data_flows(name, p)
        counters = [n.counters() for n in p.both]
        case(f"{name}: the core heard of it by report", all(c["answered"] > 3 and c["reported"] > 3 for c in counters), counters)
        ends_well(p, name)
    nat("home1")
    nat("home2")


local_network()
one = OwnRelay()
through_nat(one)
symmetric(one)
forwarded_port(one)
responder(one)
stop_all()
finish()
