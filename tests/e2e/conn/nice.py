# SPDX-License-Identifier: Apache-2.0
"""The cases of test_conn_nice.sh: libnice's agent at the far end, in both roles, with and without a relay."""
import time

from cases import *  # noqa: F401,F403

CREDENTIALS = ("ourf", "ours" * 5 + "ab"), ("nice", "nice" * 5 + "ab")  # ours, libnice's
ADDRESSES = {"alice": ("10.1.0.2", "fd01::2"), "anna": ("10.1.0.3", "fd01::3"), "bob": ("10.2.0.2", "fd02::2")}


def meet(node_host, role, nice_host, server, *options):
    """(node, agent, seconds until both had a pair); neither does WireGuard."""
    ours, theirs = CREDENTIALS
    node = Node(node_host, role, f"node-{role}", "--no-wireguard")
    local = [w for a in ADDRESSES[nice_host] for w in ("--address", a)]
    agent = Nice(nice_host, role == "gateway", f"nice-{nice_host}", *theirs, *options, *local)
    if server:
        node.use_relays(server)
        agent.use_relay(server)
    at = mono()
    node.upsert(agent, psk_of(node, agent), ours, theirs)
    agent.meet(node, ours)
    agent.tell("gather")
    ready = agent.wait("state", 12, state="ready")
    path = node.path(agent, seconds=12)
    return node, agent, max(ready["t"], path["t"]) - at if ready and path else None


def lines(name, node, agent):
    node.tell(f"raw {agent.id} from us")
    agent.tell("raw from libnice")
    case(f"{name}: lines both ways", agent.wait("raw", 3, text="from us") and node.wait("raw", 3, text="from libnice"),
         (agent.events[-5:], node.events[-5:]))


def same_pair(node, agent):
    """Both ends name the same two addresses, as far as NATs let them."""
    path, pair = node.seen("path", id=agent.id)[-1], agent.seen("selected")[-1]
    return path["to"] == pair["from"] or path["from"] == pair["to"], (path, pair)


def stays(name, node, agent, seconds):
    """Longer than either would keep a pair that is not answered."""
    mark, other = node.mark, agent.mark
    time.sleep(seconds)
    case(f"{name}: still so after {seconds} s", not node.seen("failed") and not agent.seen("state", other, state="failed")
         and not node.seen("path", mark), (node.seen("failed"), agent.seen("state", other), node.seen("path", mark)))
    lines(f"{name}, later", node, agent)
    c = node.counters()
    case(f"{name}: checks in both directions, all well-formed", c["requests"] > 0 and c["responses"] > 10, c)


def run(name, role, hosts, server, flags, kinds, *options, stay=0):
    nat("home1", flags)
    nat("home2", flags)
    node, agent, took = meet(hosts[0], role, hosts[1], server, *options)
    note(f"{name}: both have a pair after {took} s")
    case(f"{name}: both have a pair", took is not None, (node.events[-5:], agent.events[-5:]))
    if took is not None:
        case(f"{name}: on the right path", until(8, lambda: node.paths(agent)[-1] in kinds), node.paths(agent))
        time.sleep(1)
        if not flags:
            ok, detail = same_pair(node, agent)
            case(f"{name}: and it is the same one", ok, detail)
        lines(name, node, agent)
        if stay:
            stays(name, node, agent, stay)
    codes = node.stop(), agent.stop()
    case(f"{name}: both end well", codes == (0, 0), codes)


run("client of libnice, one network", "client", ("alice", "anna"), None, "", DIRECT, stay=20)
run("gateway of libnice, one network", "gateway", ("alice", "anna"), None, "", DIRECT, stay=20)
run("gateway of libnice, regular nomination", "gateway", ("alice", "anna"), None, "", DIRECT, "--regular")
coturn = Coturn()
run("client of libnice, NAT", "client", ("alice", "bob"), coturn, "", DIRECT)
run("gateway of libnice, NAT", "gateway", ("alice", "bob"), coturn, "", DIRECT)
run("client of libnice, symmetric NAT", "client", ("alice", "bob"), coturn, SYMMETRIC, RELAYED, stay=20)
run("gateway of libnice, symmetric NAT", "gateway", ("alice", "bob"), coturn, SYMMETRIC, RELAYED, stay=20)
stop_all()
finish()
