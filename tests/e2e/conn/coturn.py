# SPDX-License-Identifier: Apache-2.0
"""The cases of test_conn_coturn.sh: Debian's turnserver, which is not like stock's relay."""
import time

from cases import *  # noqa: F401,F403

PPS = 100


def symmetric_pair(server, name, hosts=("alice", "bob")):
    nat("home1", SYMMETRIC)
    nat("home2", SYMMETRIC)
    p = Pair(*hosts, [server])
    took = p.meet()
    note(f"{name}: session after {took} s")
    case(f"{name}: a session through it", took is not None and took < 5 and p.settled(RELAYED, 5), took)
    return p


def long_term_credentials():
    server = Coturn()
    p = symmetric_pair(server, "coturn")
    data_flows("coturn", p)
    refused = server.text().count("error 400") + server.text().count("error 401")
    case("it had refused the first Allocate", refused >= 2, refused)
    for n in p.both:
        n.tell("release")
    case("a release is confirmed", all((n.wait("released", 5) or {}).get("confirmed") == 1 for n in p.both))
    ends_well(p, "coturn")
    server.stop()


def time_limited_credentials():
    server = Coturn(secret="a shared secret".replace(" ", "-"))
    p = symmetric_pair(server, "use-auth-secret")
    data_flows("use-auth-secret", p)
    ends_well(p, "use-auth-secret")
    server.stop()


def wrong_password():
    server = Coturn()
    server.password = "wrong"
    n = Node("four", "client", "client-wrong")
    n.use_relays(server)
    case("a wrong password: the relay is given up", n.wait("no_relays", 10), n.events)
    # its 401 is not signed, anybody could have sent it: the request is repeated as if it had been lost
    case("after as many attempts as a lost request has", 1 <= server.text().count("error 401") <= 8, server.text().count("error 401"))
    server.password = "pass-word"
    n.use_relays(server)
    case("with the right one it is used", until(5, lambda: "ALLOCATE processed, success" in server.text()))
    n.stop()
    server.stop()


def stale_nonces():
    server = Coturn("relay", "--stale-nonce=3")
    p = symmetric_pair(server, "stale-nonce")
    time.sleep(4)
    before = server.text().count("error 438")
    for n in p.both:  # the list comes again without it: it is probed by a Refresh
        n.tell("relays")
    case("438 when the nonce is stale", until(5, lambda: server.text().count("error 438") >= before + 2), server.text()[-1500:])
    data_flows("stale-nonce", p)
    case("without a failure", not p.failures(), p.failures())
    ends_well(p, "stale-nonce")
    server.stop()


def restarted(password=None):
    name = "coturn restarted" + (" with another password" if password else "")
    server = Coturn()
    p = symmetric_pair(server, name)
    p.stream(PPS)
    time.sleep(1)
    server.password = password or server.password
    server.restart()
    for n in p.both:
        if password:
            n.use_relays(server)
        else:
            n.tell("relays")
    time.sleep(2)
    heard = {n: n.stats(p.other(n))["received"] for n in p.both}
    case(f"{name}: data goes on", until(10, lambda: all(n.stats(p.other(n))["received"] > heard[n] + PPS // 2 for n in p.both)),
         [n.paths(p.other(n)) for n in p.both])
    note(f"{name}: silent for {max(n.stats(p.other(n))['gap_ms'] for n in p.both):.0f} ms")
    case(f"{name}: without a failure", not p.failures(), p.failures())
    ends_well(p, name)
    server.stop()


def the_same_port_again():
    """A process that was killed left its allocation behind; coturn says so before it looks at credentials."""
    server = Coturn()
    for i in range(2):
        n = Node("four", "client", f"client-again-{i}")
        n.use_relays(server)
        case("allocated" + (" by the next process on that port, though the relay holds the allocation of a dead one" if i else ""),
             n.wait("log", 8, what="relay_allocated"), n.events)
        n.kill()
    case("it had refused", "error 437" in server.text())
    server.stop()


def both_families():
    server = Coturn()
    p = symmetric_pair(server, "coturn, a client without IPv4 and a gateway without IPv6", ("six", "four"))
    data_flows("coturn across families", p)
    ends_well(p, "coturn across families")
    server.stop()


long_term_credentials()
time_limited_credentials()
wrong_password()
stale_nonces()
restarted()
restarted("changed")
both_families()
the_same_port_again()
stop_all()
finish()
